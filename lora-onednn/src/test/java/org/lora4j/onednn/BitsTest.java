package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.commons.lang3.ArrayUtils;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.ProductEngine.Direction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** What is promised bit for bit. */
@Tag("slow")
class BitsTest {
    private static final long[][] SIZES = {{784, 1000}, {1000, 784}, {1536, 384}, {127, 33}, {4096, 40}};

    /** Inner sides for which processors have other code than for long ones. */
    private static final long[][] SHORT_SIZES = {
        {1, 100},
        {2, 3000},
        {7, 1000},
        {16, 3200},
        {17, 64},
        {25, 2000},
        {31, 1700},
        {32, 1600},
        {33, 300},
        {64, 800},
        {96, 40}
    };

    private static final int ROWS = 600;

    private final OneDnnEngine engine = new OneDnnEngine(true);

    private Optional<PackedWeight> pack(Kind kind, long k, long m) {
        return GeneratedCode.isFor(kind, k, m)
                ? engine.prepare(Matrices.random(1, k, m), kind, Direction.TRANSPOSED)
                : Optional.empty();
    }

    private static INDArray multiply(PackedWeight packed, INDArray x, long m, Matrices.Place to) {
        INDArray y = to.create(x.size(0), m);
        packed.multiply(x, y, false);
        return y;
    }

    private static float[] values(INDArray matrix) {
        INDArray rows = matrix.dup('c');
        float[] values = new float[Math.toIntExact(rows.length())];
        try {
            // Copies at once what asFloat would convert number by number.
            rows.data().asNioFloat().get(values);
            return values;
        } finally {
            Reference.reachabilityFence(rows);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aRowOfTwoOrMoreHasTheSameBits(Kind kind) {
        for (long[] size : ArrayUtils.addAll(SIZES, SHORT_SIZES)) {
            INDArray x = Matrices.random(2, ROWS, size[0]);
            pack(kind, size[0], size[1]).ifPresent(packed -> {
                float[] all = values(multiply(packed, x, size[1], Matrices.Place.ROWS));
                for (int n : new int[] {2, 3, 7, 16, 33, 100, 256, 257, 321, 577}) {
                    INDArray some = x.get(NDArrayIndex.interval(ROWS - n, ROWS), NDArrayIndex.all());
                    float[] expected = Arrays.copyOfRange(all, (ROWS - n) * (int) size[1], all.length);
                    for (Matrices.Place from : Matrices.Place.values()) {
                        INDArray input = from.of(some);
                        for (Matrices.Place to : List.of(Matrices.Place.ROWS, Matrices.Place.COLUMNS)) {
                            assertThat(values(multiply(packed, input, size[1], to)))
                                    .as("%s, %d rows of %dx%d, %s to %s", kind, n, size[0], size[1], from, to)
                                    .isEqualTo(expected);
                        }
                    }
                }
            });
        }
    }

    /** So a network has the same bits whether the product adds the bias or, because of an adapter, a step after it. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void aBiasThatTheProductAddsHasTheBitsOfAnAddition(Kind kind) {
        for (long[] size : ArrayUtils.addAll(SIZES, SHORT_SIZES)) {
            INDArray all = Matrices.random(2, ROWS, size[0]);
            INDArray bias = Matrices.random(3, 1, size[1]);
            pack(kind, size[0], size[1]).ifPresent(packed -> {
                if (!packed.addsBias()) {
                    assertThat(kind).as("kinds that add no bias").isNotEqualTo(Kind.FLOAT);
                    return;
                }
                for (int n : new int[] {1, 2, 3, 7, 16, 33, 81, 128, 256, 300, 321, 577}) {
                    INDArray x = all.get(NDArrayIndex.interval(ROWS - n, ROWS), NDArrayIndex.all());
                    for (Matrices.Place to : List.of(Matrices.Place.ROWS, Matrices.Place.COLUMNS)) {
                        INDArray y = to.create(n, size[1]);
                        packed.multiply(x, bias, y);
                        assertThat(values(y))
                                .as("%s, %d rows of %dx%d to %s", kind, n, size[0], size[1], to)
                                .isEqualTo(values(multiply(packed, x, size[1], to)
                                        .dup('c')
                                        .addRowVector(bias)));
                    }
                }
            });
        }
    }

    /** Other code adds in another order. Its name shows this also where the numbers happen to be the same. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void allNumbersOfRowsHaveTheSameCode(Kind kind) {
        for (long[] size : ArrayUtils.addAll(SIZES, SHORT_SIZES)) {
            pack(kind, size[0], size[1]).map(OneDnnWeight.class::cast).ifPresent(packed -> {
                for (PackedBlock block : packed.blocks()) {
                    String many = block.matmul(64, block.columns(), false).implementation();
                    // All few rows, and of many those at the ends of blocks.
                    for (int n = 2; n <= 260; n += n < 70 || n > 253 ? 1 : 3) {
                        assertThat(block.matmul(n, block.columns(), false).implementation())
                                .as("%s, %d rows of %dx%d", kind, n, size[0], size[1])
                                .isEqualTo(many);
                        if (block.addsBias()) {
                            assertThat(block.matmul(n, block.columns(), true).implementation())
                                    .as("%s, %d rows of %dx%d with a bias", kind, n, size[0], size[1])
                                    .isEqualTo(many);
                        }
                    }
                }
            });
        }
    }

    /** The sums of integers are exact, so one row has the same bits too. */
    @ParameterizedTest
    @EnumSource(names = {"INT8_INT16", "INT8_INT8"})
    void aSingleRowOfRoundedInputsHasTheSameBits(Kind kind) {
        for (long[] size : SIZES) {
            INDArray x = Matrices.random(2, 20, size[0]);
            pack(kind, size[0], size[1]).ifPresent(packed -> {
                float[] all = values(multiply(packed, x, size[1], Matrices.Place.ROWS));
                for (int row = 0; row < 20; row++) {
                    INDArray one = x.get(NDArrayIndex.interval(row, row + 1), NDArrayIndex.all());
                    assertThat(values(multiply(packed, one, size[1], Matrices.Place.ROWS)))
                            .as("row %d of %dx%d", row, size[0], size[1])
                            .isEqualTo(Arrays.copyOfRange(all, row * (int) size[1], (row + 1) * (int) size[1]));
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void manyThreadsGetTheSameBits(Kind kind) throws Exception {
        Optional<PackedWeight> packed = pack(kind, 784, 300);
        if (packed.isEmpty()) {
            return;
        }
        INDArray x = Matrices.random(2, 64, 784);
        float[] expected = values(multiply(packed.get(), x, 300, Matrices.Place.ROWS));
        List<Callable<Integer>> tasks = new ArrayList<>();
        for (int task = 0; task < 16; task++) {
            int n = 10 + task;
            Matrices.Place place = task % 2 == 0 ? Matrices.Place.ROWS : Matrices.Place.COLUMNS;
            tasks.add(() -> {
                INDArray own = place.of(x.get(NDArrayIndex.interval(0, n), NDArrayIndex.all()));
                int wrong = 0;
                for (int i = 0; i < 50; i++) {
                    float[] found = values(multiply(packed.get(), own, 300, place));
                    wrong += Arrays.equals(found, 0, n * 300, expected, 0, n * 300) ? 0 : 1;
                }
                return wrong;
            });
        }
        ExecutorService pool = Executors.newFixedThreadPool(8);
        try {
            for (Future<Integer> wrong : pool.invokeAll(tasks)) {
                assertThat(wrong.get()).isZero();
            }
        } finally {
            pool.shutdown();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void severalThreadsOfTheEngineGiveTheSameBits(Kind kind) {
        for (long[] size : SIZES) {
            pack(kind, size[0], size[1]).ifPresent(packed -> {
                INDArray x = Matrices.random(2, 70, size[0]);
                float[] one = values(multiply(packed, x, size[1], Matrices.Place.COLUMNS));
                engine.setThreads(2);
                float[] two = values(multiply(packed, x, size[1], Matrices.Place.COLUMNS));
                engine.setThreads(1);
                assertThat(two).as("%s %dx%d", kind, size[0], size[1]).isEqualTo(one);
            });
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aWeightInColumnsGivesTheSameBitsAsOneInRows(Kind kind) {
        INDArray weight = Matrices.random(1, 300, 200);
        INDArray x = Matrices.random(2, 20, 200);
        Optional<PackedWeight> rows = engine.prepare(weight, kind, Direction.FORWARD);
        Optional<PackedWeight> columns = engine.prepare(weight.dup('f'), kind, Direction.FORWARD);
        assertThat(columns.isPresent()).isEqualTo(rows.isPresent());
        rows.ifPresent(packed -> assertThat(values(multiply(columns.orElseThrow(), x, 300, Matrices.Place.ROWS)))
                .isEqualTo(values(multiply(packed, x, 300, Matrices.Place.ROWS))));
        assertThat(Nd4j.dataType()).isEqualTo(DataType.FLOAT);
    }
}
