package org.lora4j;

import java.util.random.RandomGenerator;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.lora4j.linalg.ThinQr;
import org.lora4j.nn.Initialization;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * How A {@code [r, in]} and B {@code [out, r]} begin. With all but {@link Random} an adapter that was just added does
 * not change what the network answers: B·A is zero, or the base gives up what B·A begins with.
 */
public sealed interface LoRAInit {
    /**
     * Makes the beginning of a layer.
     *
     * @param random the generator
     * @param weight the layer's weight {@code W [out, in]}; not written to
     * @param rank r
     * @param scale s
     * @return B and A, new arrays in 'c' order of the weight's type
     */
    LowRankFactors begin(RandomGenerator random, INDArray weight, int rank, double scale);

    /**
     * Whether the base gives up s·B·A at the beginning, so that the layer computes with {@code W − s·B₀·A₀ + s·B·A}.
     *
     * @return true for PiSSA and OLoRA
     */
    default boolean changesBase() {
        return false;
    }

    /**
     * The greatest rank at which this beginning can be made.
     *
     * @param in the width of the input
     * @param out the width of the output
     * @return {@code in}, or the smaller of both where the factors are taken from the weight
     */
    default long maxRank(long in, long out) {
        return changesBase() ? Math.min(in, out) : in;
    }

    /**
     * Checks a rank.
     *
     * @param rank r
     * @throws IllegalArgumentException if this beginning cannot be made at this rank
     */
    default void requireRank(int rank) {}

    /** A from U(−1/√in, 1/√in), that is Kaiming-uniform with a = √5, and B = 0: the default of the paper and of PEFT. */
    record KaimingUniform() implements LoRAInit {
        @Override
        public LowRankFactors begin(RandomGenerator random, INDArray weight, int rank, double scale) {
            return new LowRankFactors(zeroB(weight, rank), uniformA(random, weight, rank));
        }
    }

    /**
     * A from N(0, σ²) and B = 0.
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
        public LowRankFactors begin(RandomGenerator random, INDArray weight, int rank, double scale) {
            return new LowRankFactors(zeroB(weight, rank), gaussianA(random, weight, rank, standardDeviation));
        }
    }

    /** A from N(0, 1/r²) and B = 0: PEFT's {@code "gaussian"}. */
    record GaussianByRank() implements LoRAInit {
        @Override
        public LowRankFactors begin(RandomGenerator random, INDArray weight, int rank, double scale) {
            return new LowRankFactors(zeroB(weight, rank), gaussianA(random, weight, rank, 1.0 / rank));
        }
    }

    /** A and B both Kaiming-uniform, so that ΔW is not zero: PEFT's {@code false}, of use in tests. */
    record Random() implements LoRAInit {
        @Override
        public LowRankFactors begin(RandomGenerator random, INDArray weight, int rank, double scale) {
            INDArray a = uniformA(random, weight, rank);
            INDArray b = Initialization.uniform(random, 1 / Math.sqrt(rank), weight.dataType(), weight.size(0), rank);
            return new LowRankFactors(b, a);
        }
    }

    /**
     * {@code W = U·S·Vᵀ}, {@code A = √(S_r/s)·V_rᵀ}, {@code B = U_r·√(S_r/s)}: the principal part of the weight trains
     * and the base keeps the rest (PiSSA, <a href="https://arxiv.org/abs/2404.02948">arXiv:2404.02948</a>).
     */
    record Pissa() implements LoRAInit {
        @Override
        public LowRankFactors begin(RandomGenerator random, INDArray weight, int rank, double scale) {
            LowRankFactors factors = Svd.truncated(weight, rank).balancedFactors(rank);
            double share = 1 / Math.sqrt(scale);
            return new LowRankFactors(factors.b().mul(share), factors.a().mul(share));
        }

        @Override
        public boolean changesBase() {
            return true;
        }
    }

    /**
     * {@code W = Q·R}, {@code B = Q[:, :r]}, {@code A = R[:r, :]}, and the base keeps {@code W − s·B·A} (OLoRA, <a
     * href="https://arxiv.org/abs/2406.01775">arXiv:2406.01775</a>).
     */
    record Olora() implements LoRAInit {
        @Override
        public LowRankFactors begin(RandomGenerator random, INDArray weight, int rank, double scale) {
            ThinQr qr = ThinQr.of(weight);
            INDArray b = qr.q().get(NDArrayIndex.all(), NDArrayIndex.interval(0, rank));
            INDArray a = qr.r().get(NDArrayIndex.interval(0, rank), NDArrayIndex.all());
            return new LowRankFactors(b.dup('c'), a.dup('c'));
        }

        @Override
        public boolean changesBase() {
            return true;
        }
    }

    /**
     * A and B are both random, from the odd and the even rows of an orthogonal {@code r × r} matrix, so that
     * {@code B·A = 0} up to rounding. The rank must be even.
     */
    record Orthogonal() implements LoRAInit {
        /** PEFT's factor of both. */
        private static final double FACTOR = 0.1;

        @Override
        public void requireRank(int rank) {
            if (rank % 2 != 0) {
                throw new IllegalArgumentException("the orthogonal beginning needs an even rank, found " + rank);
            }
        }

        @Override
        public LowRankFactors begin(RandomGenerator random, INDArray weight, int rank, double scale) {
            // In double: the product is to vanish as well as the weight's type can hold it.
            DataType type = DataType.DOUBLE;
            INDArray q = ThinQr.of(Initialization.gaussian(random, 1, type, rank, rank))
                    .q();
            // Each row holds two of Q's, the odd one and the even one. (A stride of rows fails in ND4J at rank 2.)
            INDArray pairs = q.dup('c').reshape('c', rank / 2, 2 * rank);
            INDArray odd = pairs.get(NDArrayIndex.all(), NDArrayIndex.interval(0, rank))
                    .dup('c');
            INDArray even = pairs.get(NDArrayIndex.all(), NDArrayIndex.interval(rank, 2 * rank))
                    .dup('c');
            INDArray a = Initialization.gaussian(random, FACTOR, type, rank / 2, weight.size(1));
            INDArray b = Initialization.gaussian(random, FACTOR, type, weight.size(0), rank / 2);
            return new LowRankFactors(
                    b.mmul(even).castTo(weight.dataType()).dup('c'),
                    odd.transpose().mmul(a).castTo(weight.dataType()).dup('c'));
        }
    }

    private static INDArray zeroB(INDArray weight, int rank) {
        return Nd4j.zeros(weight.dataType(), weight.size(0), rank);
    }

    private static INDArray uniformA(RandomGenerator random, INDArray weight, int rank) {
        return Initialization.uniform(
                random, 1 / Math.sqrt((double) weight.size(1)), weight.dataType(), rank, weight.size(1));
    }

    private static INDArray gaussianA(RandomGenerator random, INDArray weight, int rank, double standardDeviation) {
        return Initialization.gaussian(random, standardDeviation, weight.dataType(), rank, weight.size(1));
    }

    /**
     * The default, {@link KaimingUniform}.
     *
     * @return A from U(−1/√in, 1/√in), B = 0
     */
    static LoRAInit kaimingUniform() {
        return new KaimingUniform();
    }

    /**
     * A normal distribution, {@link Gaussian}.
     *
     * @param standardDeviation σ, finite and positive
     * @return A from N(0, σ²), B = 0
     * @throws IllegalArgumentException if σ is not finite and positive
     */
    static LoRAInit gaussian(double standardDeviation) {
        return new Gaussian(standardDeviation);
    }

    /**
     * PEFT's {@code "gaussian"}, {@link GaussianByRank}.
     *
     * @return A from N(0, 1/r²), B = 0
     */
    static LoRAInit gaussianByRank() {
        return new GaussianByRank();
    }

    /**
     * Both factors random, {@link Random}.
     *
     * @return A and B Kaiming-uniform
     */
    static LoRAInit random() {
        return new Random();
    }

    /**
     * The principal part of the weight, {@link Pissa}.
     *
     * @return PiSSA
     */
    static LoRAInit pissa() {
        return new Pissa();
    }

    /**
     * The first columns and rows of a QR decomposition, {@link Olora}.
     *
     * @return OLoRA
     */
    static LoRAInit olora() {
        return new Olora();
    }

    /**
     * Random factors whose product vanishes, {@link Orthogonal}.
     *
     * @return the orthogonal beginning
     */
    static LoRAInit orthogonal() {
        return new Orthogonal();
    }
}
