package org.lora4j.adapter;

import java.util.Objects;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.lora4j.linalg.ThinQr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The initialization of A {@code [r, in]} and B {@code [out, r]}. With every method except {@link #random}, a new adapter
 * does not change the output of its base: B·A is zero, or the initial B·A is subtracted from the base.
 *
 * <p>An embedding is initialized as in PEFT: A is zero and B is drawn from N(0, 1). It accepts the methods that do not
 * read the weight, and {@link #mica}.
 */
public final class LoRAInit {
    /** PEFT's factor of both random matrices of {@link #orthogonal}. */
    private static final double ORTHOGONAL_FACTOR = 0.1;

    private static final int MAX_ITERATIONS = 1000;

    /** How A and B start. */
    public enum Method {
        /** See {@link LoRAInit#kaimingUniform}. */
        KAIMING_UNIFORM,
        /** See {@link LoRAInit#gaussian}. */
        GAUSSIAN,
        /** See {@link LoRAInit#gaussianByRank}. */
        GAUSSIAN_BY_RANK,
        /** See {@link LoRAInit#random}. */
        RANDOM,
        /** See {@link LoRAInit#pissa}. */
        PISSA,
        /** See {@link LoRAInit#olora}. */
        OLORA,
        /** See {@link LoRAInit#orthogonal}. */
        ORTHOGONAL,
        /** See {@link LoRAInit#mica}. */
        MICA
    }

    private final Method method;
    private final double standardDeviation;
    private final int iterations;

    private LoRAInit(Method method, double standardDeviation, int iterations) {
        this.method = method;
        this.standardDeviation = standardDeviation;
        this.iterations = iterations;
    }

    private LoRAInit(Method method) {
        this(method, 0, 0);
    }

    /**
     * A from U(−1/√in, 1/√in), that is Kaiming-uniform with a = √5, and B = 0: the default of the paper and of PEFT.
     *
     * @return the default initialization
     */
    public static LoRAInit kaimingUniform() {
        return new LoRAInit(Method.KAIMING_UNIFORM);
    }

    /**
     * A from N(0, σ²) and B = 0.
     *
     * @param standardDeviation σ, finite and positive
     * @return the initialization
     * @throws IllegalArgumentException if σ is not finite and positive
     */
    public static LoRAInit gaussian(double standardDeviation) {
        if (!(standardDeviation > 0) || Double.isInfinite(standardDeviation)) {
            throw new IllegalArgumentException(
                    "the standard deviation of A must be finite and positive, found " + standardDeviation);
        }
        return new LoRAInit(Method.GAUSSIAN, standardDeviation, 0);
    }

    /**
     * A from N(0, 1/r²) and B = 0: PEFT's {@code "gaussian"}.
     *
     * @return the initialization
     */
    public static LoRAInit gaussianByRank() {
        return new LoRAInit(Method.GAUSSIAN_BY_RANK);
    }

    /**
     * A and B both Kaiming-uniform, so that ΔW is not zero: PEFT's {@code false}, useful in tests.
     *
     * @return the initialization
     */
    public static LoRAInit random() {
        return new LoRAInit(Method.RANDOM);
    }

    /**
     * PiSSA (<a href="https://arxiv.org/abs/2404.02948">arXiv:2404.02948</a>): with {@code W = U·S·Vᵀ},
     * {@code A = √(S_r/s)·V_rᵀ} and {@code B = U_r·√(S_r/s)}. The principal part of the weight trains, and s·B·A is
     * subtracted from the base. The rank must be at most min(in, out).
     *
     * @return the initialization
     */
    public static LoRAInit pissa() {
        return new LoRAInit(Method.PISSA);
    }

    /**
     * PiSSA with singular vectors that a randomized decomposition approximates: PEFT's {@code "pissa_niter_N"}. It costs about
     * 2·N + 3 products of the weight with r + 16 vectors, which for a large weight is far less than {@link #pissa}. A training
     * starts with the original output all the same, because what A and B start with is subtracted from the base.
     *
     * @param iterations N, the number of subspace iterations, from 1 to 1000; more of them come closer to the singular vectors
     * @return the initialization
     * @throws IllegalArgumentException if the number is not in this range
     */
    public static LoRAInit pissa(int iterations) {
        if (iterations < 1 || iterations > MAX_ITERATIONS) {
            throw new IllegalArgumentException(
                    "iterations must be in [1, " + MAX_ITERATIONS + "], found " + iterations);
        }
        return new LoRAInit(Method.PISSA, 0, iterations);
    }

    /**
     * OLoRA (<a href="https://arxiv.org/abs/2406.01775">arXiv:2406.01775</a>): with {@code W = Q·R},
     * {@code B = Q[:, :r]} and {@code A = R[:r, :]}; s·B·A is subtracted from the base. The rank must be at most
     * min(in, out).
     *
     * @return the initialization
     */
    public static LoRAInit olora() {
        return new LoRAInit(Method.OLORA);
    }

    /**
     * A and B random, from the odd and the even rows of an orthogonal {@code r × r} matrix, so that {@code B·A = 0} up to
     * rounding. The rank must be even.
     *
     * @return the initialization
     */
    public static LoRAInit orthogonal() {
        return new LoRAInit(Method.ORTHOGONAL);
    }

    /**
     * MiCA (<a href="https://arxiv.org/abs/2604.01694">arXiv:2604.01694</a>): with {@code W = U·S·Vᵀ}, B holds the last r
     * columns of U, those of the smallest singular values, and A = 0. Only A trains: B stays frozen. The rank must be at most
     * min(in, out).
     *
     * @return the initialization
     */
    public static LoRAInit mica() {
        return new LoRAInit(Method.MICA);
    }

    /**
     * Returns how A and B start.
     *
     * @return the method
     */
    public Method method() {
        return method;
    }

    /**
     * Returns the standard deviation of A with {@link #gaussian}.
     *
     * @return σ; 0 for the other methods
     */
    public double standardDeviation() {
        return standardDeviation;
    }

    /**
     * Returns the number of iterations of {@link #pissa(int)}.
     *
     * @return N; 0 for the other initializations, and for {@link #pissa()}
     */
    public int iterations() {
        return iterations;
    }

    /**
     * Returns whether the initial s·B₀·A₀ is subtracted from the base, so that the layer computes with
     * {@code W − s·B₀·A₀ + s·B·A}.
     *
     * @return true for PiSSA and OLoRA
     */
    public boolean subtractsFromBase() {
        return method == Method.PISSA || method == Method.OLORA;
    }

    /**
     * Returns whether B stays as it is in training, so that only A trains.
     *
     * @return true for MiCA
     */
    public boolean freezesB() {
        return method == Method.MICA;
    }

    /** Refuses a rank that no layer can have. */
    void requireRank(int rank) {
        if (method == Method.ORTHOGONAL && rank % 2 != 0) {
            throw new IllegalArgumentException("the orthogonal initialization needs an even rank, found " + rank);
        }
    }

    /**
     * Creates B and A for a layer.
     *
     * @param path the layer, for messages
     * @param kind what it computes
     * @param random the generator
     * @param weight {@code W [out, in]} as a matrix; not written to
     * @param rank r
     * @param scale s
     * @return new matrices in 'c' order of the weight's type
     * @throws IllegalArgumentException if the rank or the kind does not suit the method
     */
    LowRankFactors initialize(
            String path, LayerKind kind, RandomGenerator random, INDArray weight, int rank, double scale) {
        if (kind == LayerKind.EMBEDDING && method != Method.MICA) {
            return initializeEmbedding(path, random, weight, rank);
        }
        if (subtractsFromBase() || method == Method.MICA) {
            requireWithin(path, weight, rank);
        }
        return switch (method) {
            case KAIMING_UNIFORM -> new LowRankFactors(zeroB(weight, rank), uniformA(random, weight, rank));
            case GAUSSIAN ->
                new LowRankFactors(zeroB(weight, rank), gaussianA(random, weight, rank, standardDeviation));
            case GAUSSIAN_BY_RANK ->
                new LowRankFactors(zeroB(weight, rank), gaussianA(random, weight, rank, 1.0 / rank));
            case RANDOM -> randomFactors(random, weight, rank);
            case PISSA -> principalPart(weight, rank, scale);
            case OLORA -> leadingPart(weight, rank);
            case ORTHOGONAL -> orthogonalFactors(random, weight, rank);
            case MICA -> minorPart(weight, rank);
        };
    }

    /** Refuses a rank for which the weight has too few rows or columns to take the factors from. */
    void requireWithin(String path, INDArray weight, int rank) {
        long smaller = Math.min(weight.size(0), weight.size(1));
        if (rank > smaller) {
            throw new IllegalArgumentException(path + ": rank must be in [1, " + smaller + "] for " + this
                    + ", which takes the factors from the weight, found " + rank);
        }
    }

    private LowRankFactors initializeEmbedding(String path, RandomGenerator random, INDArray weight, int rank) {
        if (subtractsFromBase() || method == Method.ORTHOGONAL) {
            throw new IllegalArgumentException(
                    path + ": an embedding must be initialized by a method that does not read" + " the weight, found "
                            + this);
        }
        DataType type = weight.dataType();
        INDArray a = method == Method.RANDOM
                ? RandomArrays.gaussian(random, 1, type, rank, weight.size(1))
                : Nd4j.zeros(type, rank, weight.size(1));
        return new LowRankFactors(RandomArrays.gaussian(random, 1, type, weight.size(0), rank), a);
    }

    private static LowRankFactors randomFactors(RandomGenerator random, INDArray weight, int rank) {
        INDArray a = uniformA(random, weight, rank);
        INDArray b = RandomArrays.uniform(random, 1 / Math.sqrt(rank), weight.dataType(), weight.size(0), rank);
        return new LowRankFactors(b, a);
    }

    private LowRankFactors principalPart(INDArray weight, int rank, double scale) {
        Svd svd = iterations == 0 ? Svd.truncated(weight, rank) : Svd.randomized(weight, rank, iterations);
        return principalPart(svd, rank, scale);
    }

    /** The factors of PiSSA, with {@code s·B·A = U_r·S_r·V_rᵀ}. */
    static LowRankFactors principalPart(Svd svd, int rank, double scale) {
        LowRankFactors factors = svd.balancedFactors(rank);
        double share = 1 / Math.sqrt(scale);
        return new LowRankFactors(factors.b().mul(share), factors.a().mul(share));
    }

    private static LowRankFactors minorPart(INDArray weight, int rank) {
        INDArray u = Svd.thin(weight).u();
        INDArray b = u.get(NDArrayIndex.all(), NDArrayIndex.interval(u.size(1) - rank, u.size(1)));
        return new LowRankFactors(b.dup('c'), Nd4j.zeros(weight.dataType(), rank, weight.size(1)));
    }

    /** The factors of OLoRA, with {@code B·A = Q_r·R_r}. */
    static LowRankFactors leadingPart(INDArray weight, int rank) {
        ThinQr qr = ThinQr.of(weight);
        INDArray b = qr.q().get(NDArrayIndex.all(), NDArrayIndex.interval(0, rank));
        INDArray a = qr.r().get(NDArrayIndex.interval(0, rank), NDArrayIndex.all());
        return new LowRankFactors(b.dup('c'), a.dup('c'));
    }

    private static LowRankFactors orthogonalFactors(RandomGenerator random, INDArray weight, int rank) {
        // In double: the product must vanish as well as the weight's type can hold it.
        DataType type = DataType.DOUBLE;
        INDArray q =
                ThinQr.of(RandomArrays.gaussian(random, 1, type, rank, rank)).q();
        // Each row holds two of Q's, the odd one and the even one. (A stride of rows fails in ND4J at rank 2.)
        INDArray pairs = q.dup('c').reshape('c', rank / 2, 2 * rank);
        INDArray odd =
                pairs.get(NDArrayIndex.all(), NDArrayIndex.interval(0, rank)).dup('c');
        INDArray even = pairs.get(NDArrayIndex.all(), NDArrayIndex.interval(rank, 2 * rank))
                .dup('c');
        INDArray a = RandomArrays.gaussian(random, ORTHOGONAL_FACTOR, type, rank / 2, weight.size(1));
        INDArray b = RandomArrays.gaussian(random, ORTHOGONAL_FACTOR, type, weight.size(0), rank / 2);
        return new LowRankFactors(
                b.mmul(even).castTo(weight.dataType()).dup('c'),
                odd.transpose().mmul(a).castTo(weight.dataType()).dup('c'));
    }

    private static INDArray zeroB(INDArray weight, int rank) {
        return Nd4j.zeros(weight.dataType(), weight.size(0), rank);
    }

    /**
     * Draws rows of A as {@link #kaimingUniform} does.
     *
     * @param random the generator
     * @param weight {@code W [out, in]} or any matrix of this width and type; not read
     * @param rows the number of rows
     * @return {@code [rows, in]}, a new array in 'c' order
     */
    private static INDArray uniformA(RandomGenerator random, INDArray weight, int rows) {
        double bound = 1 / Math.sqrt((double) weight.size(1));
        return RandomArrays.uniform(random, bound, weight.dataType(), rows, weight.size(1));
    }

    private static INDArray gaussianA(RandomGenerator random, INDArray weight, int rank, double standardDeviation) {
        return RandomArrays.gaussian(random, standardDeviation, weight.dataType(), rank, weight.size(1));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoRAInit that
                && method == that.method
                && Double.compare(standardDeviation, that.standardDeviation) == 0
                && iterations == that.iterations;
    }

    @Override
    public int hashCode() {
        return Objects.hash(method, standardDeviation, iterations);
    }

    @Override
    public String toString() {
        if (iterations > 0) {
            return method + "(" + iterations + " iterations)";
        }
        return method == Method.GAUSSIAN ? method + "(" + standardDeviation + ")" : method.toString();
    }
}
