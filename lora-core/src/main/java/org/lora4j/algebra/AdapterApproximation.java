package org.lora4j.algebra;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.linalg.Svd;

/**
 * An adapter whose ΔW was cut at a rank, and what the cut left in each layer.
 *
 * @param adapter the adapter
 * @param layers what became of each layer that was looked at, by module path
 */
public record AdapterApproximation(LoRAAdapter adapter, Map<String, Layer> layers) {
    /**
     * Copies the map.
     *
     * @param adapter see the record
     * @param layers see the record
     */
    public AdapterApproximation {
        layers = Collections.unmodifiableMap(new LinkedHashMap<>(layers));
    }

    /**
     * What a cut left in a layer, in the Frobenius norm.
     *
     * @param rank the rank; 0 for a layer that did not change and is not adapted
     * @param error {@code ‖ΔW − s·B·A‖}
     * @param relativeError the error as a share of {@code ‖ΔW‖}, from 0 to 1
     */
    public record Layer(int rank, double error, double relativeError) {
        /** A cut of a decomposition of {@code ΔW/scale}. */
        static Layer of(Svd svd, int rank, double scale) {
            return new Layer(rank, scale * svd.error(rank), svd.relativeError(rank));
        }
    }
}
