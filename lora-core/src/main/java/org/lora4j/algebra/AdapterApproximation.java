package org.lora4j.algebra;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.linalg.Svd;

/**
 * An adapter that approximates an update ΔW at a rank, and the error of the approximation in each layer.
 *
 * @param adapter the adapter
 * @param layers the rank and the error of each examined layer, by module path
 */
public record AdapterApproximation(LoRAAdapter adapter, Map<String, Layer> layers) {
    /**
     * Copies the map.
     *
     * @param adapter the adapter
     * @param layers the rank and the error of each examined layer, by module path
     */
    public AdapterApproximation {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(layers, "layers must not be null");
        layers = Collections.unmodifiableMap(new LinkedHashMap<>(layers));
    }

    /**
     * The rank and the error of a layer. Norms are Frobenius norms.
     *
     * @param rank the rank; 0 if ΔW is zero and the layer is not adapted
     * @param error {@code ‖ΔW − s·B·A‖}, in the unit of the weight
     * @param relativeError {@code ‖ΔW − s·B·A‖/‖ΔW‖}, from 0 to 1; 0 if ΔW is zero
     */
    public record Layer(int rank, double error, double relativeError) {
        /** Describes the approximation of {@code ΔW = scale·M} at a rank, where {@code svd} decomposes M. */
        static Layer of(Svd svd, int rank, double scale) {
            return new Layer(rank, Math.abs(scale) * svd.error(rank), svd.relativeError(rank));
        }
    }
}
