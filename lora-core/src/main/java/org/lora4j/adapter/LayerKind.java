package org.lora4j.adapter;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a layer computes. It decides how the weight is seen as a matrix {@code [out, in]}, and the shapes of an adapter's
 * arrays, as PEFT has them:
 *
 * <table>
 * <caption>Shapes by kind</caption>
 * <tr><th>kind</th><th>weight</th><th>as a matrix</th><th>A</th><th>B</th><th>DoRA's magnitude</th></tr>
 * <tr><td>{@link #LINEAR}</td><td>{@code [out, in]}</td><td>itself</td><td>{@code [r, in]}</td>
 * <td>{@code [out, r]}</td><td>{@code [out]}</td></tr>
 * <tr><td>{@link #EMBEDDING}</td><td>{@code [vocab, dim]}</td><td>transposed, {@code [dim, vocab]}</td>
 * <td>{@code [r, vocab]}</td><td>{@code [dim, r]}</td><td>{@code [dim]}</td></tr>
 * <tr><td>{@link #CONV1D}</td><td>{@code [out, in, k]}</td><td>{@code [out, in·k]}, row-major</td>
 * <td>{@code [r, in, k]}</td><td>{@code [out, r, 1]}</td><td>{@code [1, out, 1]}</td></tr>
 * <tr><td>{@link #CONV2D}</td><td>{@code [out, in, kh, kw]}</td><td>{@code [out, in·kh·kw]}, row-major</td>
 * <td>{@code [r, in, kh, kw]}</td><td>{@code [out, r, 1, 1]}</td><td>{@code [1, out, 1, 1]}</td></tr>
 * </table>
 *
 * <p>Seen as matrices, all kinds share one formula: {@code ΔW = s·B·A}.
 */
public enum LayerKind {
    /** A dense layer, {@code y = x·Wᵀ + b}. */
    LINEAR(2) {
        @Override
        public INDArray asMatrix(INDArray weight) {
            return weight;
        }

        @Override
        INDArray fromMatrix(INDArray matrix, long... shape) {
            return matrix;
        }
    },

    /** A table of vectors, one for each token. */
    EMBEDDING(2) {
        @Override
        public long inputSize(long... weightShape) {
            return weightShape[0];
        }

        @Override
        public long outputSize(long... weightShape) {
            return weightShape[1];
        }

        @Override
        public INDArray asMatrix(INDArray weight) {
            return weight.transpose();
        }

        @Override
        INDArray fromMatrix(INDArray matrix, long... shape) {
            return matrix.transpose();
        }

        @Override
        public long[] weightShapeOf(long[] aShape, long[] bShape) {
            return new long[] {aShape[1], bShape[0]};
        }
    },

    /** A 1-D convolution. */
    CONV1D(3),

    /** A 2-D convolution. */
    CONV2D(4),

    /** A normalization, {@code γ [dim]} and perhaps {@code β [dim]}. No update of low rank applies to it. */
    NORM(1) {
        @Override
        boolean isAdaptable() {
            return false;
        }

        @Override
        public INDArray asMatrix(INDArray weight) {
            throw new UnsupportedOperationException("a normalization has no matrix to adapt");
        }
    };

    private final int rank;

    LayerKind(int rank) {
        this.rank = rank;
    }

    /** Whether an adapter can have factors for such a layer. Adapters can train a copy of any layer, and of its bias. */
    boolean isAdaptable() {
        return true;
    }

    /**
     * Returns how many dimensions the weight has.
     *
     * @return 1, 2, 3 or 4
     */
    public int weightRank() {
        return rank;
    }

    /**
     * Returns the kind of a dense layer or a convolution by the number of dimensions that its weight and its factors have.
     *
     * @param dimensions 3 or 4 for a convolution
     * @return the kind; a dense layer for any other number
     */
    public static LayerKind ofDimensions(int dimensions) {
        return switch (dimensions) {
            case 3 -> CONV1D;
            case 4 -> CONV2D;
            default -> LINEAR;
        };
    }

    /**
     * Returns the input width of a weight seen as a matrix.
     *
     * @param weightShape the shape of the weight
     * @return {@code in}, {@code vocab}, {@code in·k} or {@code in·kh·kw}
     */
    public long inputSize(long... weightShape) {
        long size = 1;
        for (int i = 1; i < weightShape.length; i++) {
            size *= weightShape[i];
        }
        return size;
    }

    /**
     * Returns the output width of a weight seen as a matrix.
     *
     * @param weightShape the shape of the weight
     * @return {@code out} or {@code dim}
     */
    public long outputSize(long... weightShape) {
        return weightShape[0];
    }

    /**
     * Returns the shape of A.
     *
     * @param r the rank of the adapter
     * @param weightShape the shape of the weight
     * @return {@code [r, in]}, {@code [r, vocab]}, {@code [r, in, k]} or {@code [r, in, kh, kw]}
     */
    public long[] loraAShape(long r, long... weightShape) {
        long[] shape = this == EMBEDDING ? new long[] {r, weightShape[0]} : weightShape.clone();
        shape[0] = r;
        return shape;
    }

    /**
     * Returns the shape of B.
     *
     * @param r the rank of the adapter
     * @param weightShape the shape of the weight
     * @return {@code [out, r]}, {@code [dim, r]}, {@code [out, r, 1]} or {@code [out, r, 1, 1]}
     */
    public long[] loraBShape(long r, long... weightShape) {
        long[] shape = new long[rank];
        Arrays.fill(shape, 1);
        shape[0] = outputSize(weightShape);
        shape[1] = r;
        return shape;
    }

    /**
     * Returns the shape of DoRA's magnitude.
     *
     * @param out the output width
     * @return {@code [out]}, {@code [dim]}, {@code [1, out, 1]} or {@code [1, out, 1, 1]}
     */
    public long[] magnitudeShape(long out) {
        if (rank == 2) {
            return new long[] {out};
        }
        long[] shape = new long[rank];
        Arrays.fill(shape, 1);
        shape[1] = out;
        return shape;
    }

    /**
     * Returns the shape of the weight that two factors fit.
     *
     * @param aShape the shape of A
     * @param bShape the shape of B
     * @return the shape of W
     */
    public long[] weightShapeOf(long[] aShape, long[] bShape) {
        long[] shape = aShape.clone();
        shape[0] = bShape[0];
        return shape;
    }

    /**
     * Sees a weight as a matrix.
     *
     * @param weight W
     * @return {@code [out, in]}: the array itself, a view, or a copy where no view is possible
     */
    public INDArray asMatrix(INDArray weight) {
        return rows(weight);
    }

    /** The reverse of {@link #asMatrix}. */
    INDArray fromMatrix(INDArray matrix, long... shape) {
        return matrix.dup('c').reshape('c', shape);
    }

    /** A or B as a matrix, {@code [r, in]} or {@code [out, r]}. */
    static INDArray rows(INDArray factor) {
        return factor.rank() == 2 ? factor : factor.dup('c').reshape('c', factor.size(0), -1);
    }
}
