package org.lora4j.io;

/**
 * What to do about the fingerprints of a base: hashes of the adapted weights that an adapter carries since it was saved.
 * An adapter on another base computes something, but nothing of use.
 */
public enum FingerprintCheck {
    /** Log a warning that names the layers whose weights differ; adapters without fingerprints are taken as they are. */
    WARN,
    /** Refuse adapters unless there is a fingerprint for each adapted layer and the weights are the same. */
    REQUIRE,
    /** Compare nothing. */
    IGNORE
}
