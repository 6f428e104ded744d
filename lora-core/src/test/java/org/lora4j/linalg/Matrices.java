package org.lora4j.linalg;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Matrices with known factorizations, and measures of a factorization. Calculates in double, on Java arrays. */
final class Matrices {
    private Matrices() {}

    /** The possible memory layouts of the same entries. */
    enum Layout {
        C {
            @Override
            INDArray of(INDArray a) {
                return a.dup('c');
            }
        },
        F {
            @Override
            INDArray of(INDArray a) {
                return a.dup('f');
            }
        },
        TRANSPOSED_VIEW {
            @Override
            INDArray of(INDArray a) {
                return a.transpose().dup('c').transpose();
            }
        },
        SLICE_OF_LARGER {
            @Override
            INDArray of(INDArray a) {
                INDArray larger = Nd4j.valueArrayOf(new long[] {a.size(0) + 3, 2 * a.size(1) + 1}, 99.0, a.dataType());
                INDArray view = larger.get(
                        NDArrayIndex.interval(2, 2 + a.size(0)), NDArrayIndex.interval(1, 2, 1 + 2 * a.size(1)));
                return view.assign(a);
            }
        };

        abstract INDArray of(INDArray a);
    }

    static double tolerance(DataType type) {
        return type == DataType.FLOAT ? 2e-5 : 1e-12;
    }

    static INDArray of(DataType type, double[][] rows) {
        return Nd4j.createFromArray(rows).castTo(type);
    }

    static INDArray gaussian(DataType type, int rows, int columns, long seed) {
        return of(type, gaussian(rows, columns, seed));
    }

    private static double[][] gaussian(int rows, int columns, long seed) {
        Random random = new Random(seed);
        double[][] a = new double[rows][columns];
        for (double[] row : a) {
            for (int j = 0; j < columns; j++) {
                row[j] = random.nextGaussian();
            }
        }
        return a;
    }

    /** Returns {@code Q·diag(values)·Pᵀ [m, n]} with random orthonormal Q and P. {@code values} are its singular values. */
    static INDArray withSingularValues(DataType type, int m, int n, long seed, double... values) {
        double[][] q = orthonormalRows(values.length, m, seed);
        double[][] p = orthonormalRows(values.length, n, seed + 1);
        double[][] a = new double[m][n];
        for (int k = 0; k < values.length; k++) {
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    a[i][j] += q[k][i] * values[k] * p[k][j];
                }
            }
        }
        return of(type, a);
    }

    /** Orthonormalizes by Gram–Schmidt, twice for full accuracy. */
    private static double[][] orthonormalRows(int count, int length, long seed) {
        double[][] rows = gaussian(count, length, seed);
        for (int k = 0; k < count; k++) {
            for (int twice = 0; twice < 2; twice++) {
                for (int earlier = 0; earlier < k; earlier++) {
                    double dot = dot(rows[k], rows[earlier]);
                    for (int i = 0; i < length; i++) {
                        rows[k][i] -= dot * rows[earlier][i];
                    }
                }
                double norm = Math.sqrt(dot(rows[k], rows[k]));
                for (int i = 0; i < length; i++) {
                    rows[k][i] /= norm;
                }
            }
        }
        return rows;
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    static double[][] product(double[][] a, double[][] b) {
        double[][] c = new double[a.length][b[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int k = 0; k < b.length; k++) {
                for (int j = 0; j < b[0].length; j++) {
                    c[i][j] += a[i][k] * b[k][j];
                }
            }
        }
        return c;
    }

    /** Returns {@code ‖a − b·c‖} in the Frobenius norm. */
    static double distance(INDArray a, INDArray b, INDArray c) {
        double[][] expected = a.toDoubleMatrix();
        double[][] found = product(b.toDoubleMatrix(), c.toDoubleMatrix());
        double sum = 0;
        for (int i = 0; i < expected.length; i++) {
            for (int j = 0; j < expected[0].length; j++) {
                sum += Math.pow(expected[i][j] - found[i][j], 2);
            }
        }
        return Math.sqrt(sum);
    }

    static double norm(INDArray a) {
        double sum = 0;
        for (double[] row : a.toDoubleMatrix()) {
            sum += dot(row, row);
        }
        return Math.sqrt(sum);
    }

    static void assertOrthonormalColumns(INDArray q) {
        assertOrthonormalRows(q.transpose());
    }

    static void assertOrthonormalRows(INDArray q) {
        double[][] rows = q.toDoubleMatrix();
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j <= i; j++) {
                assertThat(Math.abs(dot(rows[i], rows[j]) - (i == j ? 1 : 0)))
                        .as("product of vectors %d and %d", i, j)
                        .isLessThan(tolerance(q.dataType()));
            }
        }
    }

    /** Asserts the same shape, type and bits. */
    static void assertSame(INDArray found, INDArray expected) {
        assertThat(found.dataType()).isEqualTo(expected.dataType());
        assertThat(found.shape()).isEqualTo(expected.shape());
        double[] foundEntries = found.dup('c').data().asDouble();
        double[] expectedEntries = expected.dup('c').data().asDouble();
        for (int i = 0; i < expectedEntries.length; i++) {
            assertThat(Double.doubleToRawLongBits(foundEntries[i]))
                    .as("entry %d", i)
                    .isEqualTo(Double.doubleToRawLongBits(expectedEntries[i]));
        }
    }
}
