package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.fixtures.Differences;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.ProductEngine.Direction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Each product is near to that in doubles: within the rounding of its types, element by element. */
@Tag("slow")
class ProductTest {
    private static final long[] SIZES = {
        1, 2, 3, 7, 16, 17, 31, 32, 63, 64, 97, 127, 256, 384, 509, 576, 768, 784, 1000, 1021, 1024, 1536, 2000, 2048,
        3072, 4093, 4096
    };
    private static final long[] OTHER_SIZES = {1, 2, 10, 33, 64, 100, 193, 576};
    private static final List<Matrices.Place> PLACES = List.of(Matrices.Place.values());
    private static final long[] ROWS = {1, 2, 3, 5, 10, 16, 31, 64, 100, 127, 255, 256, 257, 300, 321, 384, 600};

    private final OneDnnEngine engine = new OneDnnEngine(true);

    record Case(Kind kind, Direction direction, long inner) {}

    static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (Direction direction : Direction.values()) {
                for (long inner : SIZES) {
                    cases.add(new Case(kind, direction, inner));
                }
            }
        }
        return cases;
    }

    /** A weight {@code [k, m]} in the direction of the product. */
    private PackedWeight pack(Kind kind, Direction direction, INDArray weight, char order) {
        assumeTrue(GeneratedCode.isFor(kind, 256, 256), "oneDNN generates code for " + kind);
        assumeTrue(
                !kind.roundsInputs() || OneDnnEngine.isNative(kind), "the sums of integers of 8 bits do not overflow");
        INDArray w = direction == Direction.FORWARD ? weight.transpose() : weight;
        var packed = engine.prepare(w.dup(order), kind, direction);
        assumeTrue(packed.isPresent(), "oneDNN computes " + kind + " on this processor");
        return packed.orElseThrow();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void isNearToThatInDoubles(Case c) {
        SplittableRandom random = new SplittableRandom(c.toString().hashCode());
        for (int repetition = 0; repetition < 4; repetition++) {
            long m = OTHER_SIZES[random.nextInt(OTHER_SIZES.length)];
            long n = ROWS[random.nextInt(ROWS.length)];
            INDArray weight = Matrices.random(random.nextLong(), c.inner(), m);
            PackedWeight packed = pack(c.kind(), c.direction(), weight, random.nextBoolean() ? 'c' : 'f');
            INDArray x = Matrices.random(random.nextLong(), n, c.inner());
            Matrices.Place from = place(random);
            Matrices.Place to = place(random);
            Exact exact = Exact.of(c.kind(), c.direction(), weight, x);
            assertProduct(packed, exact, x, from, to, random.nextBoolean(), describe(c.kind(), weight, n));
        }
    }

    private static Matrices.Place place(SplittableRandom random) {
        return PLACES.get(random.nextInt(PLACES.size()));
    }

    /** A product in doubles, and by how much that of the kind may differ from it. */
    private record Exact(INDArray product, INDArray bound) {
        static Exact of(Kind kind, Direction direction, INDArray weight, INDArray x) {
            INDArray exactX = x.castTo(DataType.DOUBLE);
            INDArray exactW = weight.castTo(DataType.DOUBLE);
            return new Exact(exactX.mmul(exactW), ProductTest.bound(kind, direction, exactX, exactW));
        }
    }

    private static void assertProduct(
            PackedWeight packed,
            Exact exact,
            INDArray x,
            Matrices.Place from,
            Matrices.Place to,
            boolean adds,
            String what) {
        INDArray y = to.of(Matrices.random(5, x.size(0), exact.product().size(1)));
        INDArray before = y.castTo(DataType.DOUBLE);
        packed.multiply(from.of(x), y, adds);
        INDArray expected = adds ? exact.product().add(before) : exact.product();
        double largest = Differences.greatest(y, expected);
        INDArray difference = Transforms.abs(y.castTo(DataType.DOUBLE).sub(expected));
        assertThat(difference.sub(exact.bound()).maxNumber().doubleValue())
                .as("%s, %s to %s%s, largest difference %s", what, from, to, adds ? ", added" : "", largest)
                .isNotPositive();
    }

    private static String describe(Kind kind, INDArray weight, long rows) {
        return kind + " " + rows + " rows, " + weight.size(0) + "x" + weight.size(1);
    }

    /** The rounding of each product, {@code Σ|x||w|} times the precision of the types, and that of the sums. */
    private static INDArray bound(Kind kind, Direction direction, INDArray x, INDArray w) {
        double bfloat16 = Math.pow(2, -8) * 1.01;
        INDArray sums = Transforms.abs(x).mmul(Transforms.abs(w));
        INDArray bound = sums.mul(3e-6).addi(1e-6);
        if (kind.convertsInputs()) {
            bound.addi(sums.mul(bfloat16));
        }
        if (kind == Kind.BFLOAT16) {
            bound.addi(sums.mul(bfloat16));
        }
        if (kind.isScaled()) {
            // A row of W is a column of w in the forward direction, and has one scale.
            int inner = direction == Direction.FORWARD ? 0 : 1;
            INDArray steps = Transforms.abs(w).max(true, inner).divi(127).muli(0.505);
            bound.addi(Transforms.abs(x).mmul(steps.broadcast(w.shape())));
        }
        if (kind.roundsInputs()) {
            // Backward, the input is multiplied with the scales before.
            INDArray scales = direction == Direction.FORWARD
                    ? Nd4j.ones(DataType.DOUBLE, w.size(0), 1)
                    : Transforms.abs(w).max(true, 1).divi(127);
            INDArray steps = Transforms.abs(x.mulRowVector(scales.transpose()))
                    .max(true, 1)
                    .divi((kind.parts() == 1 ? 127 : 32639) / 1.01);
            INDArray weights = Transforms.abs(w).divColumnVector(scales).sum(true, 0);
            bound.addi(steps.mmul(weights));
        }
        return bound;
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void eachPlaceInMemory(Kind kind) {
        INDArray weight = Matrices.random(1, 300, 130);
        for (Direction direction : Direction.values()) {
            PackedWeight packed = pack(kind, direction, weight, 'c');
            for (long n : new long[] {1, 2, 37, 321}) {
                INDArray x = Matrices.random(2, n, 300);
                Exact exact = Exact.of(kind, direction, weight, x);
                String what = describe(kind, weight, n);
                for (Matrices.Place from : Matrices.Place.values()) {
                    for (Matrices.Place to : Matrices.Place.values()) {
                        assertProduct(packed, exact, x, from, to, false, what);
                        assertProduct(packed, exact, x, from, to, true, what);
                    }
                }
            }
        }
    }

    @Test
    void whatIsAroundTheResultStays() {
        PackedWeight packed = pack(Kind.FLOAT, Direction.FORWARD, Matrices.random(1, 100, 50), 'c');
        for (boolean adds : new boolean[] {false, true}) {
            INDArray whole = Nd4j.create(DataType.FLOAT, 20, 61).assign(7);
            INDArray y = Nd4j.create(whole.data(), new long[] {10, 50}, new long[] {61, 1}, 5 * 61 + 3, 'c');
            packed.multiply(Matrices.random(2, 10, 100), y, adds);
            y.assign(7);
            assertThat(whole.minNumber().doubleValue()).isEqualTo(7);
            assertThat(whole.maxNumber().doubleValue()).isEqualTo(7);
        }
    }

    @Test
    void anInputThatIsABroadcast() {
        INDArray weight = Matrices.random(1, 100, 50);
        PackedWeight packed = pack(Kind.FLOAT, Direction.FORWARD, weight, 'c');
        INDArray row = Matrices.random(2, 1, 100);
        INDArray x = Nd4j.create(row.data(), new long[] {4, 100}, new long[] {0, 1}, 0, 'c');
        INDArray y = Nd4j.create(DataType.FLOAT, 4, 50);
        packed.multiply(x, y, false);
        assertThat(y.equalsWithEps(row.mmul(weight).broadcast(4, 50), 1e-4)).isTrue();
    }

    @Test
    void nanAndInfinityStayInTheirRows() {
        INDArray weight = Matrices.random(1, 100, 50);
        for (Kind kind : Kind.values()) {
            PackedWeight packed = pack(kind, Direction.FORWARD, weight, 'c');
            INDArray x = Matrices.random(2, 5, 100);
            x.putScalar(1, 99, Float.NaN);
            x.putScalar(3, 0, Float.POSITIVE_INFINITY);
            INDArray y = Nd4j.create(DataType.FLOAT, 5, 50);
            packed.multiply(x, y, false);
            for (int i = 0; i < 5; i++) {
                for (int j = 0; j < 50; j++) {
                    assertThat(Float.isFinite(y.getFloat(i, j)))
                            .as("%s %d %d", kind, i, j)
                            .isEqualTo(i != 1 && i != 3);
                }
            }
        }
    }

    @Test
    void refusesWhatDoesNotFit() {
        PackedWeight packed = pack(Kind.FLOAT, Direction.FORWARD, Matrices.random(1, 100, 50), 'c');
        INDArray x = Matrices.random(2, 5, 100);
        INDArray y = Nd4j.create(DataType.FLOAT, 5, 50);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.multiply(y, y, false))
                .withMessage("x: must be FLOAT [n, 100], found FLOAT [5, 50]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.multiply(x.castTo(DataType.DOUBLE), y, false))
                .withMessage("x: must be FLOAT [n, 100], found DOUBLE [5, 100]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.multiply(x, x, false))
                .withMessage("y: must be FLOAT [n, 50], found FLOAT [5, 100]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.multiply(x, Nd4j.create(DataType.FLOAT, 4, 50), false))
                .withMessage("y: must have the 5 rows of x, found 4");
    }

    @Test
    void refusesABiasThatDoesNotFit() {
        PackedWeight packed = pack(Kind.FLOAT, Direction.FORWARD, Matrices.random(1, 100, 50), 'c');
        INDArray x = Matrices.random(2, 5, 100);
        INDArray y = Nd4j.create(DataType.FLOAT, 5, 50);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.multiply(x, Matrices.random(3, 1, 49), y))
                .withMessage("bias: must be FLOAT [n, 50], found FLOAT [1, 49]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.multiply(x, Matrices.random(3, 2, 50), y))
                .withMessage("bias: must be a row in one piece, found the shape [2, 50] and the strides [50, 1]");
        INDArray column = Matrices.random(3, 100, 50).reshape('c', 1, 5000);
        INDArray strided = Nd4j.create(column.data(), new long[] {1, 50}, new long[] {1, 100}, 0, 'c');
        assertThatIllegalArgumentException()
                .isThrownBy(() -> packed.multiply(x, strided, y))
                .withMessageStartingWith("bias: must be a row in one piece, found the shape [1, 50]");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aKindThatAddsNoBiasRefusesIt(Kind kind) {
        PackedWeight packed = pack(kind, Direction.FORWARD, Matrices.random(1, 100, 50), 'c');
        INDArray x = Matrices.random(2, 5, 100);
        INDArray bias = Matrices.random(3, 1, 50);
        INDArray y = Nd4j.create(DataType.FLOAT, 5, 50);
        if (packed.addsBias()) {
            packed.multiply(x, bias, y);
            assertThat(y.sumNumber().doubleValue()).isNotZero();
        } else {
            assertThatThrownBy(() -> packed.multiply(x, bias, y))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("addsBias");
        }
    }
}
