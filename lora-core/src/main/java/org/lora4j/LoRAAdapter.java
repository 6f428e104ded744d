package org.lora4j;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapter as data: how it was made and the factors per layer. It is what files hold.
 *
 * @param config rank, α, beginning, targets
 * @param weights the factors by module path, in the order of the network
 */
public record LoRAAdapter(LoRAConfig config, Map<String, LoRAWeights> weights) {
    /**
     * Copies the map.
     *
     * @param config rank, α, beginning, targets
     * @param weights the factors by module path
     * @throws IllegalArgumentException if there is no layer in it
     */
    public LoRAAdapter {
        if (weights.isEmpty()) {
            throw new IllegalArgumentException("an adapter must adapt at least one layer, found none");
        }
        weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
    }

    /**
     * The factors of one layer; {@code ΔW = s·B·A}.
     *
     * @param loraA {@code A [r, in]}
     * @param loraB {@code B [out, r]}
     */
    public record LoRAWeights(INDArray loraA, INDArray loraB) {
        /**
         * Checks the shapes.
         *
         * @param loraA {@code A [r, in]}
         * @param loraB {@code B [out, r]}
         * @throws IllegalArgumentException if they are not matrices that share r, or differ in type
         */
        public LoRAWeights {
            if (loraA.rank() != 2 || loraB.rank() != 2 || loraA.size(0) != loraB.size(1)) {
                throw new IllegalArgumentException("lora_A [r, in] and lora_B [out, r] must share r, found "
                        + Arrays.toString(loraA.shape()) + " and "
                        + Arrays.toString(loraB.shape()));
            }
            if (loraA.dataType() != loraB.dataType()) {
                throw new IllegalArgumentException("lora_A and lora_B must be of one type, found " + loraA.dataType()
                        + " and " + loraB.dataType());
            }
        }
    }
}
