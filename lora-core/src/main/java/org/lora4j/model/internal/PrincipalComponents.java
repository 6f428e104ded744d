package org.lora4j.model.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The leading principal components of rows that come block by block: incremental PCA (Ross, Lim, Lin and Yang 2008, <a
 * href="https://doi.org/10.1007/s11263-007-0075-7">Incremental Learning for Robust Visual Tracking</a>, section 3.1). It keeps
 * the leading part of what it has seen; if nothing is cut off, the result is that of all rows at once. Computed in DOUBLE.
 *
 * <p>Immutable, so that layers with the same inputs share it, and one that also has others does not change it.
 */
public final class PrincipalComponents {
    /** More components than wanted are kept between two blocks, because what is cut off is lost. */
    private static final int SPARE = 16;

    /** Larger blocks are divided. */
    private static final int MAX_ROWS = 512;

    private final int count;
    private final long rows;

    /** The mean of the rows so far. */
    private final @Nullable INDArray mean;

    /** Those of the rows so far, less their mean. */
    private final @Nullable Svd svd;

    private final double squares;

    /** Creates the components of no rows. */
    public PrincipalComponents(int count) {
        this(count, 0, null, null, 0);
    }

    private PrincipalComponents(int count, long rows, @Nullable INDArray mean, @Nullable Svd svd, double squares) {
        this.count = count;
        this.rows = rows;
        this.mean = mean;
        this.svd = svd;
        this.squares = squares;
    }

    /** Returns the components of these rows and of others {@code [n, in]}. */
    public PrincipalComponents plus(INDArray others) {
        PrincipalComponents all = this;
        for (long from = 0; from < others.size(0); from += MAX_ROWS) {
            long to = Math.min(others.size(0), from + MAX_ROWS);
            // A copy, because the layers use the same memory for the next batch.
            all = all.plusBlock(others.get(NDArrayIndex.interval(from, to), NDArrayIndex.all())
                    .castTo(DataType.DOUBLE)
                    .dup('c'));
        }
        return all;
    }

    private PrincipalComponents plusBlock(INDArray x) {
        long n = x.size(0);
        INDArray blockMean = x.mean(true, 0);
        x.subiRowVector(blockMean);
        double newSquares = squares + square(x);
        if (mean == null || svd == null) {
            return new PrincipalComponents(count, n, blockMean, truncated(x), newSquares);
        }
        // The means differ, which is a further row of the scatter.
        INDArray shift = mean.sub(blockMean).muli(Math.sqrt((double) rows * n / (rows + n)));
        INDArray kept = svd.vt().mulColumnVector(svd.singularValues());
        INDArray newMean = mean.mul((double) rows / (rows + n)).addi(blockMean.mul((double) n / (rows + n)));
        return new PrincipalComponents(
                count, rows + n, newMean, truncated(Nd4j.vstack(kept, x, shift)), newSquares + square(shift));
    }

    private Svd truncated(INDArray stack) {
        return Svd.truncated(stack, (int) Math.min(Math.min(stack.size(0), stack.size(1)), count + SPARE));
    }

    private static double square(INDArray matrix) {
        double norm = matrix.norm2Number().doubleValue();
        return norm * norm;
    }

    public long rows() {
        return rows;
    }

    /** The share of the variance that a component explains. */
    public double share(int i) {
        double sigma = found().singularValues().getDouble(i);
        return squares == 0 ? 0 : sigma * sigma / squares;
    }

    /** The first components as rows {@code Vᵀ [r, in]}, a new array. */
    public INDArray leading(int rank) {
        return found().vt()
                .get(NDArrayIndex.interval(0, rank), NDArrayIndex.all())
                .dup('c');
    }

    private Svd found() {
        if (svd == null) {
            throw new IllegalStateException("there must be rows before");
        }
        return svd;
    }
}
