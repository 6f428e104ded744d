package org.lora4j.adapter;

import java.util.Arrays;
import java.util.Objects;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.LayerSeed;
import org.lora4j.internal.math.RowNorms;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The arrays of an adapter for one layer. {@link LayerKind} lists their shapes.
 *
 * <p>Two instances are equal if their arrays hold the same bits.
 *
 * @param kind what the layer computes
 * @param loraA A, {@code [r, in]} for a dense layer
 * @param loraB B, {@code [out, r]} for a dense layer
 * @param magnitude DoRA's magnitude, {@code [out]} for a dense layer; null without DoRA
 * @param loraBBias the bias of B, {@code [out]}, or null
 */
public record LoRAWeights(
        LayerKind kind,
        INDArray loraA,
        INDArray loraB,
        @Nullable INDArray magnitude,
        @Nullable INDArray loraBBias) {
    /**
     * Checks the shapes and types.
     *
     * @param kind what the layer computes
     * @param loraA A
     * @param loraB B
     * @param magnitude DoRA's magnitude, or null
     * @param loraBBias the bias of B, or null
     * @throws IllegalArgumentException if the shapes do not fit together or the types differ
     */
    public LoRAWeights {
        Objects.requireNonNull(kind, "kind must not be null");
        Objects.requireNonNull(loraA, "loraA must not be null");
        Objects.requireNonNull(loraB, "loraB must not be null");
        if (!kind.isAdaptable()) {
            throw new IllegalArgumentException("the layer must be one that can have factors, found " + kind);
        }
        if (loraA.rank() != kind.weightRank()
                || loraB.rank() != kind.weightRank()
                || !Arrays.equals(
                        loraB.shape(),
                        kind.loraBShape(loraA.size(0), kind.weightShapeOf(loraA.shape(), loraB.shape())))) {
            throw new IllegalArgumentException("lora_A " + expectedA(kind) + " and lora_B " + expectedB(kind)
                    + " must share r, found " + Arrays.toString(loraA.shape()) + " and "
                    + Arrays.toString(loraB.shape()));
        }
        requireLike(loraB, loraA, "lora_B", loraB.shape());
        if (magnitude != null) {
            requireLike(magnitude, loraA, "lora_magnitude_vector", kind.magnitudeShape(loraB.size(0)));
        }
        if (loraBBias != null) {
            requireLike(loraBBias, loraA, "lora_B.bias", loraB.size(0));
        }
    }

    /**
     * Holds the arrays of a dense layer.
     *
     * @param loraA {@code A [r, in]}
     * @param loraB {@code B [out, r]}
     * @param magnitude DoRA's {@code m [out]}, or null
     * @param loraBBias the bias of B {@code [out]}, or null
     * @throws IllegalArgumentException if the shapes do not fit together or the types differ
     */
    public LoRAWeights(INDArray loraA, INDArray loraB, @Nullable INDArray magnitude, @Nullable INDArray loraBBias) {
        this(LayerKind.LINEAR, loraA, loraB, magnitude, loraBBias);
    }

    /**
     * Holds two plain factors of a dense layer.
     *
     * @param loraA {@code A [r, in]}
     * @param loraB {@code B [out, r]}
     * @throws IllegalArgumentException if the shapes do not fit together or the types differ
     */
    public LoRAWeights(INDArray loraA, INDArray loraB) {
        this(loraA, loraB, null, null);
    }

    private static String expectedA(LayerKind kind) {
        return switch (kind) {
            case LINEAR -> "[r, in]";
            case EMBEDDING -> "[r, vocab]";
            case CONV1D -> "[r, in, k]";
            case CONV2D -> "[r, in, kh, kw]";
            case NORM -> "(none)";
        };
    }

    private static String expectedB(LayerKind kind) {
        return switch (kind) {
            case LINEAR -> "[out, r]";
            case EMBEDDING -> "[dim, r]";
            case CONV1D -> "[out, r, 1]";
            case CONV2D -> "[out, r, 1, 1]";
            case NORM -> "(none)";
        };
    }

    private static void requireLike(INDArray array, INDArray loraA, String what, long... shape) {
        if (!Arrays.equals(array.shape(), shape) || array.dataType() != loraA.dataType()) {
            throw new IllegalArgumentException(what + " must be " + Arrays.toString(shape) + " of "
                    + loraA.dataType() + " like lora_A, found " + Arrays.toString(array.shape()) + " of "
                    + array.dataType());
        }
    }

    /**
     * Creates the arrays of a layer at their initialization: A and B, with DoRA the magnitude {@code ‖W‖} of each row, and
     * with a bias of B zeros. The same seed gives the same arrays on every host. The choice of modules in the
     * configuration is not read.
     *
     * @param layer the layer; its weight is read and not written to
     * @param config rank, scale, initialization and variants
     * @return new arrays in 'c' order of the layer's type
     * @throws IllegalArgumentException if the initialization cannot give the rank on this layer, or the layer's kind does
     *     not allow the configuration
     */
    public static LoRAWeights initialize(BaseLayer layer, LoRAConfig config) {
        Objects.requireNonNull(layer, "layer must not be null");
        Objects.requireNonNull(config, "config must not be null");
        LayerKind kind = layer.kind();
        String path = layer.path();
        if (config.loraBias() && kind == LayerKind.EMBEDDING) {
            throw new IllegalArgumentException(path + ": an embedding has no bias of B, found loraBias set");
        }
        INDArray matrix = kind.asMatrix(layer.weight());
        int rank = config.rankOf(path);
        requireSize(path, rank, matrix);
        LowRankFactors factors = config.init()
                .initialize(
                        path,
                        kind,
                        new SplittableRandom(LayerSeed.of(config.seed(), path)),
                        matrix,
                        rank,
                        config.scaleOf(path));
        long out = layer.outputSize();
        INDArray magnitude = config.dora() ? RowNorms.of(matrix).reshape('c', kind.magnitudeShape(out)) : null;
        INDArray bBias = config.loraBias() ? Nd4j.zeros(layer.dataType(), out) : null;
        return of(kind, layer.shape(), factors, magnitude, bBias);
    }

    /** Refuses a rank whose factors no file could hold, before memory is asked for. */
    private static void requireSize(String path, int rank, INDArray matrix) {
        long most = Integer.MAX_VALUE / matrix.dataType().width();
        long longer = Math.max(matrix.size(0), matrix.size(1));
        if (rank > most / longer) {
            throw new IllegalArgumentException(path + ": rank must be at most " + most / longer
                    + ", so that A and B have at most " + most + " elements each, found " + rank);
        }
    }

    /**
     * Holds factors that are given as matrices, in the shapes of a kind of layer.
     *
     * @param kind what the layer computes
     * @param weightShape the shape of W
     * @param factors {@code B [out, r]} and {@code A [r, in]} as matrices in 'c' order
     * @param magnitude DoRA's magnitude in the shape of the kind, or null
     * @param loraBBias the bias of B {@code [out]}, or null
     * @return the arrays
     * @throws IllegalArgumentException if the shapes do not fit together or the types differ
     */
    public static LoRAWeights of(
            LayerKind kind,
            long[] weightShape,
            LowRankFactors factors,
            @Nullable INDArray magnitude,
            @Nullable INDArray loraBBias) {
        Objects.requireNonNull(kind, "kind must not be null");
        Objects.requireNonNull(weightShape, "weightShape must not be null");
        Objects.requireNonNull(factors, "factors must not be null");
        long rank = factors.rank();
        return new LoRAWeights(
                kind,
                inShape(factors.a(), kind.loraAShape(rank, weightShape)),
                inShape(factors.b(), kind.loraBShape(rank, weightShape)),
                magnitude,
                loraBBias);
    }

    private static INDArray inShape(INDArray matrix, long[] shape) {
        return Arrays.equals(matrix.shape(), shape) ? matrix : matrix.reshape('c', shape);
    }

    /**
     * Returns the rank.
     *
     * @return r
     */
    public int rank() {
        return Math.toIntExact(loraA.size(0));
    }

    /**
     * Returns the shape of the weight that these arrays are for.
     *
     * @return {@code [out, in]}, {@code [vocab, dim]}, {@code [out, in, k]} or {@code [out, in, kh, kw]}
     */
    public long[] weightShape() {
        return kind.weightShapeOf(loraA.shape(), loraB.shape());
    }

    /**
     * Returns the factors as matrices, whatever the kind of the layer.
     *
     * @return {@code B [out, r]} and {@code A [r, in]}: the arrays themselves or reshaped copies
     */
    public LowRankFactors factors() {
        return new LowRankFactors(LayerKind.rows(loraB), LayerKind.rows(loraA));
    }

    /**
     * Returns the same arrays in a type.
     *
     * @param type FLOAT or DOUBLE
     * @return the arrays themselves where they have this type, else copies
     */
    public LoRAWeights castTo(DataType type) {
        return new LoRAWeights(
                kind, loraA.castTo(type), loraB.castTo(type), castTo(magnitude, type), castTo(loraBBias, type));
    }

    private static @Nullable INDArray castTo(@Nullable INDArray array, DataType type) {
        return array == null ? null : array.castTo(type);
    }

    /**
     * Computes the update of the weight: {@code ΔW = s·B·A} (LoRA, <a
     * href="https://arxiv.org/abs/2106.09685">arXiv:2106.09685</a>), or with a magnitude {@code ΔW = c∘(W + s·B·A) − W} with
     * {@code c = m/‖W + s·B·A‖} for each row (DoRA, <a href="https://arxiv.org/abs/2402.09353">arXiv:2402.09353</a>). A row
     * of zeros stays zero. The weight is seen as a matrix; see {@link LayerKind}.
     *
     * @param weight the original W; not written to
     * @param scale s
     * @return ΔW, a new array of the shape and type of W; that of a dense layer has the memory order of W
     * @throws IllegalArgumentException if W does not have the shape {@link #weightShape}
     */
    public INDArray delta(INDArray weight, double scale) {
        if (!Arrays.equals(weight.shape(), weightShape())) {
            throw new IllegalArgumentException("the weight must be " + Arrays.toString(weightShape())
                    + " like B·A, found " + Arrays.toString(weight.shape()));
        }
        INDArray update = castTo(weight.dataType()).update(scale, weight.ordering());
        if (magnitude != null) {
            INDArray original = kind.asMatrix(weight);
            RowNorms.scaleRows(update.addi(original), magnitude.castTo(weight.dataType()))
                    .subi(original);
        }
        return kind.fromMatrix(update, weight.shape());
    }

    /**
     * Computes {@code s·B·A}, the update of a plain adapter, in the type of the factors.
     *
     * @param scale s
     * @return {@code [out, in]}, a new array in 'c' order
     */
    public INDArray update(double scale) {
        return update(scale, 'c');
    }

    private INDArray update(double scale, char order) {
        LowRankFactors factors = factors();
        INDArray product = Nd4j.createUninitializedDetached(
                loraA.dataType(), order, factors.b().size(0), factors.a().size(1));
        return Nd4j.gemm(factors.b(), factors.a(), product, false, false, 1, 0).muli(scale);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoRAWeights that
                && kind == that.kind
                && ArrayBits.equal(loraA, that.loraA)
                && ArrayBits.equal(loraB, that.loraB)
                && ArrayBits.equal(magnitude, that.magnitude)
                && ArrayBits.equal(loraBBias, that.loraBBias);
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                kind,
                ArrayBits.hash(loraA),
                ArrayBits.hash(loraB),
                ArrayBits.hash(magnitude),
                ArrayBits.hash(loraBBias));
    }

    @Override
    public String toString() {
        return "LoRAWeights[" + kind + ", A " + ArrayBits.describe(loraA) + ", B " + ArrayBits.describe(loraB)
                + ", magnitude " + ArrayBits.describe(magnitude) + ", bias of B " + ArrayBits.describe(loraBBias) + "]";
    }
}
