package org.lora4j.internal;

import java.util.function.Supplier;

/** A layer that remembers the fingerprint of its weight. */
public interface Fingerprinted {
    /**
     * Returns the fingerprint of the weight.
     *
     * @param compute computes it; called if the weight may have changed since the last time
     * @return the fingerprint
     */
    String fingerprint(Supplier<String> compute);
}
