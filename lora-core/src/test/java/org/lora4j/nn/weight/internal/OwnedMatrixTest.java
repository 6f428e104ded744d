package org.lora4j.nn.weight.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine.Direction;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class OwnedMatrixTest {
    private static final int OUT = 200;
    private static final int IN = 250;

    private final FakeEngine engine = new FakeEngine();
    private final INDArray array = Samples.gaussian(1, DataType.FLOAT, OUT, IN);
    private final INDArray expected = array.dup();
    private final OwnedMatrix matrix = new OwnedMatrix(new ArrayMatrix(array));
    private final Weight weight = frozen(matrix);
    private final Parameter parameter = new Parameter(weight);
    private final INDArray x = Samples.gaussian(2, DataType.FLOAT, 4, IN);
    private final INDArray g = Samples.gaussian(3, DataType.FLOAT, 4, OUT);

    @BeforeEach
    void canBeRead() {
        engine.isReadable = true;
    }

    private Weight frozen(WeightMatrix of) {
        return new Weight("w", of, false, () -> engine);
    }

    private static INDArray forward(Weight weight, INDArray x) {
        INDArray y = Nd4j.create(DataType.FLOAT, x.size(0), OUT);
        weight.multiply(new ProductContext(), x, y);
        return y;
    }

    private INDArray backward() {
        INDArray dx = Nd4j.create(DataType.FLOAT, 4, IN);
        weight.multiplyTransposed(new ProductContext(), g, dx, false);
        return dx;
    }

    @Test
    void thePackedCopyTakesThePlaceOfTheArray() {
        assertThat(forward(weight, x).equalsWithEps(x.mmul(expected.transpose()), 1e-3))
                .isTrue();
        assertThat(array.wasClosed()).isTrue();
        assertThat(weight.storage("l")).isEqualTo(new WeightStorage("l", "fake", "FLOAT", 4L * OUT * IN));
        assertThat(ArrayBits.equal(parameter.value(), expected)).isTrue();
        assertThat(backward().equalsWithEps(g.mmul(expected), 1e-3)).isTrue();
        assertThat(weight.storage("l").bytes()).isEqualTo(2L * 4 * OUT * IN);
    }

    /** So large that several threads compare it, with one wrong bit, or none. */
    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 599, 600, 1199})
    void aLargeCopyIsComparedFromItsFirstToItsLastRow(int wrongRow) {
        engine.wrongElement = wrongRow < 0 ? -1 : wrongRow * IN + 77;
        INDArray large = Samples.gaussian(4, DataType.FLOAT, 1200, IN);
        Weight largeWeight = frozen(new OwnedMatrix(new ArrayMatrix(large)));
        largeWeight.multiply(new ProductContext(), x, Nd4j.create(DataType.FLOAT, 4, 1200));
        assertThat(large.wasClosed()).isEqualTo(wrongRow < 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 130 * IN + 77, OUT * IN - 1})
    void aCopyWithAnotherBitDoesNot(int element) {
        engine.wrongElement = element;
        forward(weight, x);
        assertThat(array.wasClosed()).isFalse();
        assertThat(parameter.value()).isSameAs(array);
        assertThat(weight.storage("l").bytes()).isEqualTo(2L * 4 * OUT * IN);
    }

    @Test
    void aCopyThatCannotBeReadDoesNot() {
        engine.isReadable = false;
        forward(weight, x);
        assertThat(parameter.value()).isSameAs(array);
    }

    @Test
    void anArrayThatSomebodyHasIsNotReleased() {
        INDArray seen = parameter.value();
        forward(weight, x);
        assertThat(seen.wasClosed()).isFalse();
        assertThat(seen).isEqualTo(expected);
        assertThat(parameter.value()).isNotSameAs(seen);
    }

    @Test
    void anArrayThatTrainsStays() {
        parameter.setTrainable(true);
        INDArray trained = parameter.value();
        trained.addi(1);
        parameter.setTrainable(false);
        forward(weight, x);
        assertThat(parameter.value()).isSameAs(trained);
    }

    /** Another network of the same model trains the matrix. */
    @Test
    void anArrayThatAnotherParameterTrainsStays() {
        Parameter trainable = new Parameter("other", matrix);
        INDArray trained = trainable.value();
        forward(weight, x);
        assertThat(trainable.value()).isSameAs(trained);
        assertThat(trained.wasClosed()).isFalse();
    }

    @Test
    void unfreezingBringsTheArrayBack() {
        forward(weight, x);
        parameter.setTrainable(true);
        INDArray value = parameter.value();
        assertThat(ArrayBits.equal(value, expected)).isTrue();
        assertThat(parameter.value()).isSameAs(value);
    }

    @Test
    void anArrayThatIsBeingReadIsReleasedAfterwards() {
        matrix.lend(lent -> {
            forward(weight, x);
            assertThat(array.wasClosed()).isFalse();
            return lent;
        });
        assertThat(array.wasClosed()).isTrue();
    }

    @Test
    void aProductThatTheEngineRefusesBringsTheArrayBack() {
        forward(weight, x);
        engine.refused.add(Direction.TRANSPOSED);
        assertThat(backward()).isEqualTo(g.mmul(expected));
        assertThat(weight.storage("l").bytes()).isEqualTo(2L * 4 * OUT * IN);
    }

    @Test
    void parametersShareThePackedCopy() {
        Weight other = frozen(matrix);
        INDArray y = forward(weight, x);
        assertThat(forward(other, x)).isEqualTo(y);
        assertThat(engine.prepared).containsExactly("FLOAT FORWARD");
    }

    @Test
    void rowsAndColumnsOutliveTheArray() {
        INDArray row = matrix.row(3);
        INDArray column = matrix.column(4);
        forward(weight, x);
        assertThat(row).isEqualTo(expected.getRow(3, true)).isEqualTo(matrix.row(3));
        assertThat(column)
                .isEqualTo(expected.getColumn(4, true).reshape(1, OUT))
                .isEqualTo(matrix.column(4));
    }

    @Test
    void aMatrixInFewerBitsIsHeldOnceToo() {
        engine.fast.add(Precision.INT8);
        weight.store(Precision.INT8);
        INDArray rounded = parameter.value();
        String fingerprint = weight.matrix().fingerprint();
        forward(weight, x);
        assertThat(weight.storage("l")).isEqualTo(new WeightStorage("l", "fake", "INT8", 4L * OUT * IN));
        assertThat(ArrayBits.equal(parameter.value(), rounded)).isTrue();
        assertThat(weight.matrix().fingerprint()).isEqualTo(fingerprint);
        engine.refused.add(Direction.TRANSPOSED);
        assertThat(backward().equalsWithEps(g.mmul(rounded), 1e-3)).isTrue();
        assertThat(ArrayBits.equal(parameter.value(), rounded)).isTrue();
        OwnedMatrix owned = (OwnedMatrix) weight.matrix();
        assertThatIllegalStateException()
                .isThrownBy(owned::keep)
                .withMessage("the matrix must be stored in FLOAT, found INT8");
    }
}
