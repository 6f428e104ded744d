package org.lora4j.internal.memory;

/** A layer that remembers the fingerprint of its weight. */
public interface Fingerprinted {
    /**
     * Returns the fingerprint of the weight.
     *
     * @return see {@link ArrayFingerprint}
     */
    String fingerprint();
}
