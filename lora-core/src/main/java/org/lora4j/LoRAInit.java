package org.lora4j;

import java.util.random.RandomGenerator;
import org.lora4j.nn.Initialization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How A begins. B begins as zero, so that ΔW = 0: an adapter that was just added changes nothing.
 */
public sealed interface LoRAInit {
    /** Kaiming-uniform with a = √5, that is U(−1/√in, 1/√in): the default of the paper's code and of PEFT. */
    record KaimingUniform() implements LoRAInit {
        @Override
        public INDArray drawA(RandomGenerator random, DataType dataType, long rank, long in) {
            return Initialization.uniform(random, 1 / Math.sqrt((double) in), dataType, rank, in);
        }
    }

    /**
     * N(0, σ²).
     *
     * @param standardDeviation σ, finite and positive
     */
    record Gaussian(double standardDeviation) implements LoRAInit {
        /**
         * Checks σ.
         *
         * @param standardDeviation σ
         * @throws IllegalArgumentException if σ is not finite and positive
         */
        public Gaussian {
            if (!(standardDeviation > 0) || Double.isInfinite(standardDeviation)) {
                throw new IllegalArgumentException(
                        "the standard deviation of A must be finite and positive, found " + standardDeviation);
            }
        }

        @Override
        public INDArray drawA(RandomGenerator random, DataType dataType, long rank, long in) {
            return Initialization.gaussian(random, standardDeviation, dataType, rank, in);
        }
    }

    /**
     * Draws A.
     *
     * @param random the generator
     * @param dataType FLOAT or DOUBLE
     * @param rank r
     * @param in the width of the layer's input
     * @return A {@code [r, in]}, a new array
     */
    INDArray drawA(RandomGenerator random, DataType dataType, long rank, long in);

    /**
     * The default, {@link KaimingUniform}.
     *
     * @return U(−1/√in, 1/√in)
     */
    static LoRAInit kaimingUniform() {
        return new KaimingUniform();
    }

    /**
     * A normal distribution.
     *
     * @param standardDeviation σ, finite and positive
     * @return N(0, σ²)
     * @throws IllegalArgumentException if σ is not finite and positive
     */
    static LoRAInit gaussian(double standardDeviation) {
        return new Gaussian(standardDeviation);
    }
}
