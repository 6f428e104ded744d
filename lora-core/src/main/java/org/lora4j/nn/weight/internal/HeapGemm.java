package org.lora4j.nn.weight.internal;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Products of small matrices of floats in Java loops, without a native call and without threads:
 * {@code c = α·a·b + β·c}. They read the operands anew each time, so a parameter can change between two calls. Not
 * thread-safe.
 *
 * <p>There are three ways to compute a product, and all of them give the same bits. The memory orders and the sizes decide
 * which one takes the least time.
 */
final class HeapGemm {
    /** The estimated nanoseconds of the parts of a product. Only their ratios matter. */
    private static final double PER_PRODUCT = 0.055;

    private static final double PER_ROW = 1.5;
    private static final double PER_PRODUCT_OF_SUM = 0.2;
    private static final double PER_SUM = 2;
    private static final double PER_COPY = 7;
    private static final double PER_TRANSPOSED = 1;

    private final HeapMatrix left = new HeapMatrix();
    private final HeapMatrix right = new HeapMatrix();
    private final HeapMatrix result = new HeapMatrix();
    private final HeapMatrix old = new HeapMatrix();

    private @Nullable INDArray boundA;
    private @Nullable INDArray boundB;
    private @Nullable INDArray boundC;
    private boolean boundTransposeA;
    private boolean boundTransposeB;
    private @Nullable Plan plan;

    /** A way to compute a product. */
    private enum Way {
        /** Adds multiples of the rows of b to the rows of c. */
        ROWS,
        /** Adds multiples of the columns of a to the columns of c, which is {@link #ROWS} of {@code cᵀ = bᵀ·aᵀ}. */
        COLUMNS,
        /** Computes each element as the inner product of a row of a and a column of b. */
        ELEMENTS
    }

    /** The operands of a product and the way to compute it. */
    private record Plan(MatrixMemory a, MatrixMemory b, MatrixMemory c, Way way) {
        static Plan of(MatrixMemory a, MatrixMemory b, MatrixMemory c) {
            double rows = rowsCost(a, b, c);
            double columns = rowsCost(b.transpose(), a.transpose(), c.transpose());
            double elements = elementsCost(a, b, c);
            if (elements < Math.min(rows, columns)) {
                return new Plan(a, b, c, Way.ELEMENTS);
            }
            return rows <= columns
                    ? new Plan(a, b, c, Way.ROWS)
                    : new Plan(b.transpose(), a.transpose(), c.transpose(), Way.COLUMNS);
        }

        private static double rowsCost(MatrixMemory a, MatrixMemory b, MatrixMemory c) {
            return (double) a.rows() * a.columns() * (PER_ROW + PER_PRODUCT * b.columns())
                    + Math.min(copyCost(a), copyCost(a.transpose()))
                    + copyCost(b)
                    + copyCost(c);
        }

        private static double elementsCost(MatrixMemory a, MatrixMemory b, MatrixMemory c) {
            return (double) c.rows() * c.columns() * (PER_SUM + PER_PRODUCT_OF_SUM * a.columns())
                    + copyCost(a)
                    + copyCost(b.transpose())
                    + copyCost(c);
        }

        private static double copyCost(MatrixMemory matrix) {
            return matrix.rowsAreContiguous()
                    ? PER_COPY * matrix.rows()
                    : PER_COPY * matrix.columns() + PER_TRANSPOSED * matrix.rows() * matrix.columns();
        }
    }

    /** Computes {@code c = α·op(a)·op(b) + β·c}. */
    void run(INDArray a, boolean transposeA, INDArray b, boolean transposeB, double alpha, double beta, INDArray c) {
        Plan now = plan;
        if (now == null
                || a != boundA
                || b != boundB
                || c != boundC
                || transposeA != boundTransposeA
                || transposeB != boundTransposeB) {
            now = bind(a, transposeA, b, transposeB, c);
        }
        run(now, alpha, beta);
    }

    private Plan bind(INDArray a, boolean transposeA, INDArray b, boolean transposeB, INDArray c) {
        MatrixMemory opA = MatrixMemory.of(a);
        MatrixMemory opB = MatrixMemory.of(b);
        Plan bound =
                Plan.of(transposeA ? opA.transpose() : opA, transposeB ? opB.transpose() : opB, MatrixMemory.of(c));
        boundA = a;
        boundB = b;
        boundC = c;
        boundTransposeA = transposeA;
        boundTransposeB = transposeB;
        plan = bound;
        return bound;
    }

    private void run(Plan now, double alpha, double beta) {
        MatrixMemory a = now.a();
        MatrixMemory b = now.b();
        MatrixMemory c = now.c();
        int inner = a.columns();
        if (now.way() == Way.ELEMENTS) {
            left.read(a);
            right.read(b.transpose());
            result.innerProducts(left, right, c.rows(), c.columns(), inner);
        } else {
            boolean transposed = !a.rowsAreContiguous();
            left.read(transposed ? a.transpose() : a);
            right.read(b);
            result.addMultiples(left, transposed, right, c.rows(), c.columns(), inner);
        }
        if (beta != 0) {
            old.read(c);
        }
        result.combine((float) alpha, (float) beta, old, c.rows(), c.columns());
        result.write(c);
    }
}
