package org.lora4j.nn.weight.internal;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
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
    private record Plan(ArrayMemory.Matrix a, ArrayMemory.Matrix b, ArrayMemory.Matrix c, Way way) {
        static Plan of(ArrayMemory.Matrix a, ArrayMemory.Matrix b, ArrayMemory.Matrix c) {
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

        private static double rowsCost(ArrayMemory.Matrix a, ArrayMemory.Matrix b, ArrayMemory.Matrix c) {
            return (double) a.rows() * a.columns() * (PER_ROW + PER_PRODUCT * b.columns())
                    + Math.min(copyCost(a), copyCost(a.transpose()))
                    + copyCost(b)
                    + copyCost(c);
        }

        private static double elementsCost(ArrayMemory.Matrix a, ArrayMemory.Matrix b, ArrayMemory.Matrix c) {
            return (double) c.rows() * c.columns() * (PER_SUM + PER_PRODUCT_OF_SUM * a.columns())
                    + copyCost(a)
                    + copyCost(b.transpose())
                    + copyCost(c);
        }

        private static double copyCost(ArrayMemory.Matrix matrix) {
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
        ArrayMemory.Matrix opA = ArrayMemory.Matrix.of(a);
        ArrayMemory.Matrix opB = ArrayMemory.Matrix.of(b);
        Plan bound = Plan.of(
                transposeA ? opA.transpose() : opA, transposeB ? opB.transpose() : opB, ArrayMemory.Matrix.of(c));
        boundA = a;
        boundB = b;
        boundC = c;
        boundTransposeA = transposeA;
        boundTransposeB = transposeB;
        plan = bound;
        return bound;
    }

    private void run(Plan now, double alpha, double beta) {
        ArrayMemory.Matrix a = now.a();
        ArrayMemory.Matrix b = now.b();
        ArrayMemory.Matrix c = now.c();
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

    /**
     * The rows of a small matrix of floats on the Java heap. Each row is an array of its own, because the JVM vectorizes only
     * loops that start at the first element of an array. Not thread-safe.
     *
     * <p>All sums of products add the same numbers in the same order: four products at a time, then the rest. So the result of
     * an element has the same bits whatever the method, the memory orders and the other rows are. Without fused operations and
     * sums across the elements of a vector register, it has these bits on every processor.
     */
    private static final class HeapMatrix {
        private float[][] lines = new float[0][];

        private void reserve(int rows, int columns) {
            if (lines.length < rows || lines[0].length < columns) {
                int width = Math.max(columns, lines.length == 0 ? 0 : lines[0].length);
                lines = new float[Math.max(rows, lines.length)][width];
            }
        }

        /** Copies a matrix from native memory. */
        void read(ArrayMemory.Matrix matrix) {
            reserve(matrix.rows(), matrix.columns());
            for (int i = 0; i < matrix.rows(); i++) {
                matrix.get(i, lines[i]);
            }
        }

        /** Copies the matrix to native memory of the same shape. */
        void write(ArrayMemory.Matrix matrix) {
            for (int i = 0; i < matrix.rows(); i++) {
                matrix.put(i, 0, lines[i], matrix.columns());
            }
        }

        /**
         * Computes {@code left·right [rows, columns]} by adding multiples of the rows of {@code right [inner, columns]}.
         *
         * @param leftIsTransposed whether {@code left} holds {@code leftᵀ [inner, rows]}
         */
        void addMultiples(
                HeapMatrix left, boolean leftIsTransposed, HeapMatrix right, int rows, int columns, int inner) {
            reserve(rows, columns);
            float[][] a = left.lines;
            float[][] b = right.lines;
            for (int i = 0; i < rows; i++) {
                float[] sums = lines[i];
                Arrays.fill(sums, 0, columns, 0);
                int l = 0;
                if (leftIsTransposed) {
                    for (; l + 3 < inner; l += 4) {
                        addFour(sums, columns, a[l][i], a[l + 1][i], a[l + 2][i], a[l + 3][i], b, l);
                    }
                    for (; l < inner; l++) {
                        addOne(sums, columns, a[l][i], b[l]);
                    }
                } else {
                    float[] factors = a[i];
                    for (; l + 3 < inner; l += 4) {
                        addFour(sums, columns, factors[l], factors[l + 1], factors[l + 2], factors[l + 3], b, l);
                    }
                    for (; l < inner; l++) {
                        addOne(sums, columns, factors[l], b[l]);
                    }
                }
            }
        }

        private static void addFour(
                float[] sums, int length, float a0, float a1, float a2, float a3, float[][] b, int l) {
            addFour(sums, length, a0, a1, a2, a3, b[l], b[l + 1], b[l + 2], b[l + 3]);
        }

        private static void addFour(
                float[] sums,
                int length,
                float a0,
                float a1,
                float a2,
                float a3,
                float[] b0,
                float[] b1,
                float[] b2,
                float[] b3) {
            for (int j = 0; j < length; j++) {
                sums[j] += (a0 * b0[j] + a1 * b1[j]) + (a2 * b2[j] + a3 * b3[j]);
            }
        }

        private static void addOne(float[] sums, int length, float a, float[] b) {
            for (int j = 0; j < length; j++) {
                sums[j] += a * b[j];
            }
        }

        /** Computes {@code left·rightᵀ} from the inner products of the rows of {@code left} and {@code right [columns, inner]}. */
        void innerProducts(HeapMatrix left, HeapMatrix right, int rows, int columns, int inner) {
            reserve(rows, columns);
            float[][] a = left.lines;
            float[][] b = right.lines;
            for (int i = 0; i < rows; i++) {
                int j = 0;
                for (; j + 3 < columns; j += 4) {
                    fourInnerProducts(a[i], b, j, inner, lines[i]);
                }
                for (; j < columns; j++) {
                    lines[i][j] = innerProduct(a[i], b[j], inner);
                }
            }
        }

        /** The sums do not wait for each other, so the loop takes less time than four others. Each has the bits of its own loop. */
        private static void fourInnerProducts(float[] a, float[][] b, int from, int length, float[] target) {
            float[] b0 = b[from];
            float[] b1 = b[from + 1];
            float[] b2 = b[from + 2];
            float[] b3 = b[from + 3];
            float sum0 = 0;
            float sum1 = 0;
            float sum2 = 0;
            float sum3 = 0;
            int l = 0;
            for (; l + 3 < length; l += 4) {
                float x0 = a[l];
                float x1 = a[l + 1];
                float x2 = a[l + 2];
                float x3 = a[l + 3];
                sum0 += (x0 * b0[l] + x1 * b0[l + 1]) + (x2 * b0[l + 2] + x3 * b0[l + 3]);
                sum1 += (x0 * b1[l] + x1 * b1[l + 1]) + (x2 * b1[l + 2] + x3 * b1[l + 3]);
                sum2 += (x0 * b2[l] + x1 * b2[l + 1]) + (x2 * b2[l + 2] + x3 * b2[l + 3]);
                sum3 += (x0 * b3[l] + x1 * b3[l + 1]) + (x2 * b3[l + 2] + x3 * b3[l + 3]);
            }
            for (; l < length; l++) {
                sum0 += a[l] * b0[l];
                sum1 += a[l] * b1[l];
                sum2 += a[l] * b2[l];
                sum3 += a[l] * b3[l];
            }
            target[from] = sum0;
            target[from + 1] = sum1;
            target[from + 2] = sum2;
            target[from + 3] = sum3;
        }

        private static float innerProduct(float[] a, float[] b, int length) {
            float sum = 0;
            int l = 0;
            for (; l + 3 < length; l += 4) {
                sum += (a[l] * b[l] + a[l + 1] * b[l + 1]) + (a[l + 2] * b[l + 2] + a[l + 3] * b[l + 3]);
            }
            for (; l < length; l++) {
                sum += a[l] * b[l];
            }
            return sum;
        }

        /** Computes {@code α·this + β·old}. If β is 0, {@code old} is not read. */
        void combine(float alpha, float beta, HeapMatrix old, int rows, int columns) {
            for (int i = 0; i < rows; i++) {
                if (beta != 0) {
                    combine(alpha, lines[i], beta, old.lines[i], columns);
                } else if (alpha != 1) {
                    scale(alpha, lines[i], columns);
                }
            }
        }

        private static void combine(float alpha, float[] line, float beta, float[] old, int length) {
            for (int j = 0; j < length; j++) {
                line[j] = alpha * line[j] + beta * old[j];
            }
        }

        private static void scale(float alpha, float[] line, int length) {
            for (int j = 0; j < length; j++) {
                line[j] *= alpha;
            }
        }
    }
}
