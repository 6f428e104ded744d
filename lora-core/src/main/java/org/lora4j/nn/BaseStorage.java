package org.lora4j.nn;

import java.util.Objects;
import org.lora4j.linalg.Precision;

/**
 * How the frozen weights of a network are stored for products, where a {@link org.lora4j.linalg.ProductEngine} is on the class
 * path and is fast in that precision. Elsewhere they stay in single precision. The packed copies are made beside the arrays
 * of the network, which stay as they are: files, merging, fingerprints and DoRA's norms read these.
 *
 * @param precision the precision of the copies
 */
public record BaseStorage(Precision precision) {
    /**
     * Creates a setting.
     *
     * @param precision the precision of the copies
     * @throws NullPointerException if the precision is null
     */
    public BaseStorage {
        Objects.requireNonNull(precision, "precision must not be null");
    }

    /**
     * Returns the setting for a precision.
     *
     * @param precision the precision of the copies
     * @return the setting
     */
    public static BaseStorage of(Precision precision) {
        return new BaseStorage(precision);
    }
}
