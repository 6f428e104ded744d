package org.lora4j.internal.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class DropoutMaskTest {
    private static final double PROBABILITY = 0.3;

    private final DropoutMask mask = new DropoutMask();

    /** More elements than fit in one block of the loops, in rows and in columns. */
    private static INDArray matrix(DataType type, char order) {
        return Nd4j.linspace(1, 2, 40 * 70, type).reshape('c', 40, 70).dup(order);
    }

    private INDArray masked(INDArray x, char order) {
        INDArray y = Nd4j.createUninitializedDetached(x.dataType(), order, x.shape());
        mask.configure(PROBABILITY, 5);
        mask.draw(2, row -> 3 + row);
        mask.apply(x, y);
        return y;
    }

    @ParameterizedTest
    @ValueSource(strings = {"FLOAT", "DOUBLE"})
    void isTheOneOfRowMathInEveryMemoryOrder(DataType type) {
        INDArray x = matrix(type, 'c');
        INDArray y = masked(x, 'c');
        long stepSeed = StepSeed.of(5, 2);
        for (int i = 0; i < 40; i++) {
            // Attention weights and other single rows are dropped with these loops.
            assertThat(values(y.getRow(i)))
                    .isEqualTo(dropped(RowMath.of(type), x.getRow(i), StepSeed.ofRow(stepSeed, 3 + i)));
        }
        for (char from : new char[] {'c', 'f'}) {
            for (char to : new char[] {'c', 'f'}) {
                assertThat(values(masked(matrix(type, from), to))).isEqualTo(values(y));
            }
        }
    }

    private static <A> double[] dropped(RowMath<A> math, INDArray row, long seed) {
        INDArray copy = row.dup('c');
        int n = (int) copy.length();
        A array = math.array(n);
        math.read(new ArrayMemory(copy), 0, array, n);
        math.dropout(array, PROBABILITY, seed, n);
        math.write(new ArrayMemory(copy), 0, array, n);
        return values(copy);
    }

    private static double[] values(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    @Test
    void gradientsPassThroughTheSameMask() {
        INDArray x = matrix(DataType.FLOAT, 'c');
        INDArray y = masked(x, 'f');
        INDArray gradient = Nd4j.ones(DataType.FLOAT, 40, 70);

        mask.applyToGradient(x, gradient, true);
        assertThat(gradient).isEqualTo(y.add(1));
        mask.applyToGradient(x, gradient, false);
        assertThat(values(gradient)).isEqualTo(values(y));
        mask.apply(x, x);
        assertThat(values(x)).isEqualTo(values(y));
    }

    @Test
    void mustBeDrawn() {
        INDArray x = matrix(DataType.FLOAT, 'c');
        masked(x, 'c');
        mask.configure(PROBABILITY, 5);
        assertThatIllegalStateException()
                .isThrownBy(() -> mask.applyToGradient(x, x, true))
                .withMessage("backward needs a forward before it");
    }
}
