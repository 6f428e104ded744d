package org.lora4j;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What an adapter holds for one layer; {@code ΔW = s·B·A} unless there is a magnitude.
 *
 * @param loraA {@code A [r, in]}
 * @param loraB {@code B [out, r]}
 * @param magnitude DoRA's {@code m [out]}, or null
 * @param loraBBias the bias of B {@code [out]}, or null
 */
public record LoRAWeights(
        INDArray loraA,
        INDArray loraB,
        @Nullable INDArray magnitude,
        @Nullable INDArray loraBBias) {
    /**
     * Checks the shapes.
     *
     * @param loraA see the record
     * @param loraB see the record
     * @param magnitude see the record
     * @param loraBBias see the record
     * @throws IllegalArgumentException if the shapes do not fit together, or the types differ
     */
    public LoRAWeights {
        if (loraA.rank() != 2 || loraB.rank() != 2 || loraA.size(0) != loraB.size(1)) {
            throw new IllegalArgumentException("lora_A [r, in] and lora_B [out, r] must share r, found "
                    + Arrays.toString(loraA.shape()) + " and " + Arrays.toString(loraB.shape()));
        }
        requireLike(loraB, loraA, "lora_B", loraB.shape());
        if (magnitude != null) {
            requireLike(magnitude, loraA, "lora_magnitude_vector", loraB.size(0));
        }
        if (loraBBias != null) {
            requireLike(loraBBias, loraA, "lora_B.bias", loraB.size(0));
        }
    }

    /**
     * Two plain factors.
     *
     * @param loraA {@code A [r, in]}
     * @param loraB {@code B [out, r]}
     * @throws IllegalArgumentException if the shapes do not fit together, or the types differ
     */
    public LoRAWeights(INDArray loraA, INDArray loraB) {
        this(loraA, loraB, null, null);
    }

    /**
     * The rank.
     *
     * @return r
     */
    public int rank() {
        return Math.toIntExact(loraA.size(0));
    }

    private static void requireLike(INDArray array, INDArray loraA, String what, long... shape) {
        if (!Arrays.equals(array.shape(), shape) || array.dataType() != loraA.dataType()) {
            throw new IllegalArgumentException(what + " must be " + Arrays.toString(shape) + " of "
                    + loraA.dataType() + " like lora_A, found " + Arrays.toString(array.shape()) + " of "
                    + array.dataType());
        }
    }
}
