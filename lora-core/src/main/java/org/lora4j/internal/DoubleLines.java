package org.lora4j.internal;

import java.util.Arrays;

/** {@link Lines} of doubles. {@link FloatLines} is the same for floats. */
final class DoubleLines extends Lines {
    /** The product of the smallest positive number and both constants is 1. No result overflows before it is cut off at 1. */
    private static final double NORMAL_TO_ONE = 0x1p1023;

    private static final double SUBNORMAL_TO_ONE = 0x1p51;

    private double[][] lines = new double[0][];
    private double[] column = new double[0];

    private void reserve(int rows, int columns) {
        if (lines.length < rows || lines[0].length < columns) {
            int width = Math.max(columns, lines.length == 0 ? 0 : lines[0].length);
            lines = new double[Math.max(rows, lines.length)][width];
        }
    }

    private double[] column(int length) {
        if (column.length < length) {
            column = new double[length];
        }
        return column;
    }

    private static double[][] of(Lines matrix) {
        return ((DoubleLines) matrix).lines;
    }

    @Override
    void read(MatrixMemory matrix) {
        int rows = matrix.rows();
        int columns = matrix.columns();
        ArrayMemory memory = matrix.memory();
        reserve(rows, columns);
        if (matrix.columnStride() == 1 && (columns > 1 || matrix.rowStride() != 1)) {
            for (int i = 0; i < rows; i++) {
                memory.get(i * matrix.rowStride(), lines[i], 0, columns);
            }
        } else if (matrix.rowStride() == 1) {
            double[] values = column(rows);
            for (int j = 0; j < columns; j++) {
                memory.get(j * matrix.columnStride(), values, 0, rows);
                for (int i = 0; i < rows; i++) {
                    lines[i][j] = values[i];
                }
            }
        } else {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    lines[i][j] = memory.get(i * matrix.rowStride() + j * matrix.columnStride());
                }
            }
        }
    }

    @Override
    void write(MatrixMemory matrix) {
        int rows = matrix.rows();
        int columns = matrix.columns();
        ArrayMemory memory = matrix.memory();
        if (matrix.columnStride() == 1 && (columns > 1 || matrix.rowStride() != 1)) {
            for (int i = 0; i < rows; i++) {
                memory.put(i * matrix.rowStride(), lines[i], 0, columns);
            }
        } else if (matrix.rowStride() == 1) {
            double[] values = column(rows);
            for (int j = 0; j < columns; j++) {
                for (int i = 0; i < rows; i++) {
                    values[i] = lines[i][j];
                }
                memory.put(j * matrix.columnStride(), values, 0, rows);
            }
        } else {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    memory.put(i * matrix.rowStride() + j * matrix.columnStride(), lines[i][j]);
                }
            }
        }
    }

    @Override
    void addMultiples(Lines left, boolean leftIsTransposed, Lines right, int rows, int columns, int inner) {
        reserve(rows, columns);
        double[][] a = of(left);
        double[][] b = of(right);
        for (int i = 0; i < rows; i++) {
            double[] sums = lines[i];
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
                double[] factors = a[i];
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
            double[] sums, int length, double a0, double a1, double a2, double a3, double[][] b, int l) {
        addFour(sums, length, a0, a1, a2, a3, b[l], b[l + 1], b[l + 2], b[l + 3]);
    }

    private static void addFour(
            double[] sums,
            int length,
            double a0,
            double a1,
            double a2,
            double a3,
            double[] b0,
            double[] b1,
            double[] b2,
            double[] b3) {
        for (int j = 0; j < length; j++) {
            sums[j] += (a0 * b0[j] + a1 * b1[j]) + (a2 * b2[j] + a3 * b3[j]);
        }
    }

    private static void addOne(double[] sums, int length, double a, double[] b) {
        for (int j = 0; j < length; j++) {
            sums[j] += a * b[j];
        }
    }

    @Override
    void innerProducts(Lines left, Lines right, int rows, int columns, int inner) {
        reserve(rows, columns);
        double[][] a = of(left);
        double[][] b = of(right);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                lines[i][j] = innerProduct(a[i], b[j], inner);
            }
        }
    }

    private static double innerProduct(double[] a, double[] b, int length) {
        double sum = 0;
        int l = 0;
        for (; l + 3 < length; l += 4) {
            sum += (a[l] * b[l] + a[l + 1] * b[l + 1]) + (a[l + 2] * b[l + 2] + a[l + 3] * b[l + 3]);
        }
        for (; l < length; l++) {
            sum += a[l] * b[l];
        }
        return sum;
    }

    @Override
    void combine(double alpha, double beta, Lines old, int rows, int columns) {
        for (int i = 0; i < rows; i++) {
            if (beta != 0) {
                combine(alpha, lines[i], beta, of(old)[i], columns);
            } else if (alpha != 1) {
                scale(alpha, lines[i], columns);
            }
        }
    }

    private static void combine(double alpha, double[] line, double beta, double[] old, int length) {
        for (int j = 0; j < length; j++) {
            line[j] = alpha * line[j] + beta * old[j];
        }
    }

    private static void scale(double alpha, double[] line, int length) {
        for (int j = 0; j < length; j++) {
            line[j] *= alpha;
        }
    }

    @Override
    void relu(int rows, int columns) {
        for (int i = 0; i < rows; i++) {
            relu(lines[i], columns);
        }
    }

    private static void relu(double[] line, int length) {
        for (int j = 0; j < length; j++) {
            line[j] = Math.max(line[j], 0);
        }
    }

    @Override
    void keepWherePositive(Lines y, int rows, int columns) {
        for (int i = 0; i < rows; i++) {
            keepWherePositive(lines[i], of(y)[i], columns);
        }
    }

    /** Multiplies by 1 or 0. The JVM does not vectorize a condition, and a processor predicts it wrong half of the time. */
    private static void keepWherePositive(double[] line, double[] y, int length) {
        for (int j = 0; j < length; j++) {
            line[j] *= Math.min(Math.min(y[j] * NORMAL_TO_ONE, 1) * SUBNORMAL_TO_ONE, 1);
        }
    }
}
