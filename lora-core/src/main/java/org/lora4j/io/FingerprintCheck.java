package org.lora4j.io;

/**
 * What to do with the fingerprints of a base: hashes of the adapted weights that are stored when an adapter is saved with
 * its base. An adapter that is applied to another base computes useless results.
 */
public enum FingerprintCheck {
    /** Log a warning that names the layers whose weights differ. Accept adapters without fingerprints. */
    WARN,
    /** Refuse an adapter unless it has a fingerprint for each adapted layer and all weights are the same. */
    REQUIRE,
    /** Compare nothing. */
    IGNORE
}
