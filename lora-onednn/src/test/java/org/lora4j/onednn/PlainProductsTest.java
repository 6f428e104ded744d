package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.NativeThreads;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Products of matrices that are not packed, against doubles. */
@Tag("numbers")
class PlainProductsTest {
    private static final Matrices.Place[] PLACES = Matrices.Place.values();

    private final OneDnnEngine engine = new OneDnnEngine(true);
    private final int threads = engine.threads();

    @AfterEach
    void restoreThreads() {
        engine.setThreads(threads);
    }

    private static INDArray place(INDArray values, boolean transposed, Matrices.Place place) {
        return place.of(transposed ? values.transpose() : values);
    }

    /** Returns the result, or null if the engine refused, and then checks that it wrote nothing. */
    private float[] multiply(
            INDArray a, boolean transposeA, INDArray b, boolean transposeB, double alpha, double beta, INDArray c) {
        float[] before = c.dup('c').data().asFloat();
        boolean computed = engine.multiply(a, transposeA, b, transposeB, alpha, beta, c);
        float[] after = c.dup('c').data().asFloat();
        if (!computed) {
            assertThat(after).isEqualTo(before);
        }
        return computed ? after : new float[0];
    }

    private static double[] expected(INDArray a, INDArray b, double alpha, double beta, INDArray c) {
        INDArray product =
                a.castTo(DataType.DOUBLE).mmul(b.castTo(DataType.DOUBLE)).muli(alpha);
        if (beta != 0) {
            product.addi(c.castTo(DataType.DOUBLE).muli(beta));
        }
        return product.dup('c').data().asDouble();
    }

    private static void assertClose(String what, float[] found, double[] expected, long inner) {
        double[] values = new double[found.length];
        Arrays.setAll(values, i -> found[i]);
        for (int i = 0; i < values.length; i++) {
            assertThat(Math.abs(values[i] - expected[i]))
                    .as("%s, element %d: %s instead of %s", what, i, values[i], expected[i])
                    .isLessThanOrEqualTo(2e-7 * (inner + 8));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 7, 1",
        "5, 1, 1",
        "1, 2000, 1",
        "10, 2000, 1",
        "1, 8, 784",
        "1, 2000, 8",
        "1, 700, 500",
        "1, 9, 5000",
        "8, 1, 2000",
        "3000, 1, 64",
        "64, 1, 100",
        "3, 5, 7",
        "12, 8, 31",
        "13, 8, 1000",
        "64, 8, 1000",
        "64, 16, 1000",
        "10, 16, 384",
        "8, 1000, 64",
        "1000, 8, 64",
        "100, 100, 100",
        "129, 65, 127",
        "600, 3, 700",
        "3, 600, 700",
        "512, 96, 300"
    })
    void equalsTheProductInDoubles(int m, int n, int k) {
        INDArray left = Matrices.random(1, m, k);
        INDArray right = Matrices.random(2, k, n);
        INDArray old = Matrices.random(3, m, n);
        int computed = 0;
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                for (int i = 0; i < 2 * PLACES.length; i++) {
                    Matrices.Place placeA = PLACES[i % PLACES.length];
                    Matrices.Place placeB = PLACES[(i / 2 + 1) % PLACES.length];
                    Matrices.Place placeC = PLACES[(i + 2) % PLACES.length];
                    double alpha = i % 3 == 0 ? 1 : -0.5;
                    double beta = i % 2 == 0 ? 0 : 0.25;
                    INDArray c = placeC.of(old);
                    float[] found = multiply(
                            place(left, transposeA, placeA),
                            transposeA,
                            place(right, transposeB, placeB),
                            transposeB,
                            alpha,
                            beta,
                            c);
                    if (found.length > 0) {
                        computed++;
                        assertClose(
                                transposeA + " " + placeA + ", " + transposeB + " " + placeB + ", " + placeC,
                                found,
                                expected(left, right, alpha, beta, old),
                                k);
                    }
                }
            }
        }
        assertThat(computed).isPositive();
    }

    @Test
    void aResultThatIsOverwrittenMayHoldAnything() {
        INDArray a = Matrices.random(1, 20, 30);
        INDArray b = Matrices.random(2, 30, 40);
        INDArray c = Nd4j.valueArrayOf(new long[] {20, 40}, Float.NaN, DataType.FLOAT);
        assertThat(engine.multiply(a, false, b, false, 1, 0, c)).isTrue();
        assertThat(c.isNaN().any()).isFalse();
    }

    @Test
    void aRowThatIsOverwrittenMayHoldAnything() {
        INDArray x = Matrices.random(1, 1, 30);
        INDArray b = Matrices.random(2, 30, 40);
        INDArray c = Nd4j.valueArrayOf(new long[] {1, 40}, Float.NaN, DataType.FLOAT);
        assertThat(engine.multiply(x, false, b, false, 1, 0, c)).isTrue();
        assertThat(c.isNaN().any()).isFalse();
    }

    /** OpenBLAS would divide these products among its threads. */
    @Test
    void theBitsOfARowDoNotDependOnTheThreadsOfBlas() {
        INDArray x = Matrices.random(1, 1, 900);
        INDArray b = Matrices.random(2, 900, 1100);
        INDArray c = Matrices.random(3, 1100, 900);
        float[][] found = new float[2][];
        float[][] transposed = new float[2][];
        for (int i = 0; i < 2; i++) {
            NativeThreads blas = NativeThreads.forBlas(1 + 2 * i);
            try (blas) {
                found[i] = multiply(x, false, b, false, 1, 0, Nd4j.create(DataType.FLOAT, 1, 1100));
                transposed[i] = multiply(x, false, c, true, 1, 0, Nd4j.create(DataType.FLOAT, 1, 1100));
            }
        }
        assertThat(found[0]).isNotEmpty().isEqualTo(found[1]);
        assertThat(transposed[0]).isNotEmpty().isEqualTo(transposed[1]);
    }

    @Test
    void whatIsNotFiniteReachesItsRowAndColumn() {
        INDArray a = Matrices.random(1, 20, 30);
        INDArray b = Matrices.random(2, 30, 40);
        a.putScalar(3, 4, Float.NaN);
        INDArray c = Nd4j.create(DataType.FLOAT, 20, 40);
        assertThat(engine.multiply(a, false, b, false, 1, 0, c)).isTrue();
        for (int i = 0; i < 20; i++) {
            assertThat(c.getRow(i).isNaN().all()).isEqualTo(i == 3);
            assertThat(c.getRow(i).isNaN().any()).isEqualTo(i == 3);
        }
    }

    @Test
    void theBitsDoNotDependOnTheThreads() {
        INDArray x = Matrices.random(1, 517, 900);
        INDArray a = Matrices.random(2, 8, 900);
        INDArray g = Matrices.random(3, 517, 1100);
        float[][] found = new float[2][];
        float[][] transposed = new float[2][];
        for (int i = 0; i < 2; i++) {
            engine.setThreads(1 + 2 * i);
            found[i] = multiply(x, false, a, true, 1, 0, Nd4j.create(DataType.FLOAT, 517, 8));
            transposed[i] = multiply(g, true, x, false, 1, 0, Nd4j.create(DataType.FLOAT, 1100, 900));
        }
        assertThat(found[0]).isNotEmpty().isEqualTo(found[1]);
        assertThat(transposed[0]).isNotEmpty().isEqualTo(transposed[1]);
    }

    @Test
    void matricesThatItCannotReadAreLeftToOthers() {
        INDArray a = Matrices.Place.EVERY_SECOND_COLUMN.of(Matrices.random(1, 40, 30));
        INDArray b = Matrices.random(2, 30, 50);
        assertThat(multiply(a, false, b, false, 1, 0, Nd4j.ones(DataType.FLOAT, 40, 50)))
                .isEmpty();
        INDArray broadcast = Nd4j.create(b.data(), new long[] {40, 30}, new long[] {0, 1}, 0, 'c');
        assertThat(multiply(broadcast, false, b, false, 1, 0, Nd4j.ones(DataType.FLOAT, 40, 50)))
                .isEmpty();
    }
}
