package org.lora4j.adapter;

import java.util.Objects;

/**
 * Which adapter computed an output. Two adapters of one name can differ, such as before and after a replacement; two of one
 * fingerprint compute the same on one base, whatever their names.
 *
 * @param name its name in the model
 * @param fingerprint its {@link LoRAAdapter#fingerprint}, 64 hexadecimal digits
 */
public record UsedAdapter(String name, String fingerprint) {
    /**
     * Checks that nothing is missing.
     *
     * @param name its name in the model
     * @param fingerprint its fingerprint
     */
    public UsedAdapter {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(fingerprint, "fingerprint must not be null");
    }
}
