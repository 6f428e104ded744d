package org.lora4j.linalg;

import java.util.Objects;

/**
 * How the weight of a layer is stored for products.
 *
 * @param layer the module path
 * @param engine who multiplies: the name of a {@link org.lora4j.linalg.ProductEngine}, or {@code ND4J}
 * @param precision a {@link org.lora4j.linalg.Precision}, or the type of the array for ND4J
 * @param bytes the native memory of the copies that the engine packed so far, one for each direction; 0 for ND4J, which
 *     multiplies with the array of the network
 */
public record WeightStorage(String layer, String engine, String precision, long bytes) {
    /**
     * Creates a line of a report.
     *
     * @param layer the module path
     * @param engine who multiplies
     * @param precision a precision, or the type of the array
     * @param bytes the native memory of the packed copies
     * @throws NullPointerException if an argument is null
     */
    public WeightStorage {
        Objects.requireNonNull(layer, "layer must not be null");
        Objects.requireNonNull(engine, "engine must not be null");
        Objects.requireNonNull(precision, "precision must not be null");
    }
}
