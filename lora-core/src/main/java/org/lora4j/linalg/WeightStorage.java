package org.lora4j.linalg;

import java.util.Objects;

/**
 * How the weight of a layer is stored.
 *
 * @param layer the module path
 * @param engine who multiplies: the name of a {@link org.lora4j.linalg.ProductEngine}, or {@code ND4J}
 * @param precision a {@link org.lora4j.linalg.Precision}, or the type of the array
 * @param bytes the memory of the weight: of the copies that an engine packed so far, one for each direction, and of the array or
 *     the form in fewer bits, if that is held beside them
 */
public record WeightStorage(String layer, String engine, String precision, long bytes) {
    /**
     * Creates a line of a report.
     *
     * @param layer the module path
     * @param engine who multiplies
     * @param precision a precision, or the type of the array
     * @param bytes the memory of the weight
     * @throws NullPointerException if an argument is null
     */
    public WeightStorage {
        Objects.requireNonNull(layer, "layer must not be null");
        Objects.requireNonNull(engine, "engine must not be null");
        Objects.requireNonNull(precision, "precision must not be null");
    }
}
