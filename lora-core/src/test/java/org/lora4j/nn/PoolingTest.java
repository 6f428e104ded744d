package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The formulas of sentence-transformers' pooling, on numbers that are easy to follow. */
class PoolingTest {
    /** The vector of the token i is (i, −i²). */
    private static final INDArray TABLE =
            Nd4j.createFromArray(new double[][] {{0, 0}, {1, -1}, {2, -4}, {3, -9}, {4, -16}, {5, -25}});

    /** The tokens 4, 1, 3 padded on the left and on the right, and 2 alone. */
    private static final Sequences PADDED = Sequences.of(
            new int[][] {{5, 4, 1, 3}, {4, 1, 3, 5}, {2}}, new int[][] {{0, 1, 1, 1}, {1, 1, 1, 0}, {1}}, null);

    private static Network network(Pooling pooling) {
        Embedding word = new Embedding("word", TABLE.dup(), Embedding.NO_PADDING);
        return new Network(List.of(new TokenEmbeddings("embeddings", word, 9), pooling));
    }

    private static double[][] pool(Pooling pooling, Sequences x) {
        return network(pooling).predict(x).toDoubleMatrix();
    }

    private static void assertRows(double[][] found, double[]... expected) {
        assertThat(found).hasDimensions(expected.length, expected[0].length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).as("row %d", i).containsExactly(expected[i], within(1e-12));
        }
    }

    @Test
    void eachMethodComputesItsFormulaForBothPaddings() {
        double root = Math.sqrt(3);
        assertRows(pool(new Pooling("p", Pooling.Method.CLS), PADDED), row(4, -16), row(4, -16), row(2, -4));
        assertRows(pool(new Pooling("p", Pooling.Method.LAST), PADDED), row(3, -9), row(3, -9), row(2, -4));
        assertRows(
                pool(new Pooling("p", Pooling.Method.MEAN), PADDED),
                row(8 / 3.0, -26 / 3.0),
                row(8 / 3.0, -26 / 3.0),
                row(2, -4));
        assertRows(
                pool(new Pooling("p", Pooling.Method.MEAN_SQRT_LENGTH), PADDED),
                row(8 / root, -26 / root),
                row(8 / root, -26 / root),
                row(2, -4));
        assertRows(pool(new Pooling("p", Pooling.Method.MAX), PADDED), row(4, -1), row(4, -1), row(2, -4));
        // As in sentence-transformers, the weights are the positions in the padded row: 2, 3, 4 and 1, 2, 3.
        assertRows(
                pool(new Pooling("p", Pooling.Method.WEIGHTED_MEAN), PADDED),
                row((2 * 4 + 3 + 4 * 3) / 9.0, -(2 * 16 + 3 + 4 * 9) / 9.0),
                row((4 + 2 + 3 * 3) / 6.0, -(16 + 2 + 3 * 9) / 6.0),
                row(2, -4));
        // A pooler reads the first row, whatever stands there.
        assertRows(pool(new Pooling("p", Pooling.Method.FIRST), PADDED), row(5, -25), row(4, -16), row(2, -4));
    }

    private static double[] row(double... values) {
        return values;
    }

    @Test
    void severalMethodsStandOneAfterTheOther() {
        Pooling both = new Pooling("p", List.of(Pooling.Method.MAX, Pooling.Method.LAST), true);
        assertThat(network(both).outputSize()).isEqualTo(4);
        assertRows(pool(both, PADDED), row(4, -1, 3, -9), row(4, -1, 3, -9), row(2, -4, 2, -4));
    }

    @Test
    void thePromptIsLeftOutOnRequest() {
        Sequences x = Sequences.of(new int[] {5, 4, 1, 3}, new int[] {5, 2}).withPrompt(1);
        assertRows(pool(new Pooling("p", List.of(Pooling.Method.MAX), true), x), row(5, -1), row(5, -4));
        assertRows(pool(new Pooling("p", List.of(Pooling.Method.MAX), false), x), row(4, -1), row(2, -4));
        assertRows(pool(new Pooling("p", List.of(Pooling.Method.CLS), false), x), row(4, -16), row(2, -4));
        assertRows(
                pool(new Pooling("p", List.of(Pooling.Method.WEIGHTED_MEAN), false), x),
                row((2 * 4 + 3 + 4 * 3) / 9.0, -(2 * 16 + 3 + 4 * 9) / 9.0),
                row(2, -4));
        Sequences parts =
                Sequences.concat(List.of(Sequences.of(new int[] {3, 4}), x)).part(0, 2);
        assertThat(parts.prompt(0)).isZero();
        assertThat(parts.prompt(1)).isEqualTo(1);
        assertRows(
                pool(new Pooling("p", List.of(Pooling.Method.MEAN), false), parts),
                row(3.5, -12.5),
                row(8 / 3.0, -26 / 3.0));
        assertThat(x).isNotEqualTo(x.withPrompt(0)).isEqualTo(x.withPrompt(0).withPrompt(1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> x.withPrompt(-1))
                .withMessage("sequences: a prompt must have at least 0 tokens, found -1");
    }

    @Test
    void aPromptWithoutATextCounts() {
        Sequences x = Sequences.of(new int[] {5, 4}).withPrompt(3);
        assertThat(x.prompt(0)).isEqualTo(2);
        assertRows(pool(new Pooling("p", List.of(Pooling.Method.MEAN), false), x), row(4.5, -20.5));
    }

    @Test
    void aPoolingHasAMethod() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Pooling("p", List.of(), true))
                .withMessage("p: a pooling must have at least one method, found none");
    }

    @ParameterizedTest
    @EnumSource(Pooling.Method.class)
    void theGradientIsThatOfTheFormula(Pooling.Method method) {
        assertGradient(new Pooling("p", method), PADDED);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theGradientOfSeveralMethodsIsTheirSum(boolean includesPrompt) {
        assertGradient(new Pooling("p", List.of(Pooling.Method.values()), includesPrompt), PADDED.withPrompt(1));
    }

    private static void assertGradient(Pooling pooling, Sequences x) {
        Network network = network(pooling);
        Pass pass = network.newTrainingPass();
        INDArray direction = Nd4j.linspace(1, 2, x.count() * network.outputSize(), TABLE.dataType())
                .reshape(x.count(), network.outputSize());
        DoubleSupplier loss = () -> pass.forward(x).mul(direction).sumNumber().doubleValue();
        assertThat(loss.getAsDouble()).isFinite();
        pass.backward(direction);
        Parameter table = network.parameters().get(0);
        INDArray gradient = pass.gradient(table).dup('c');
        assertThat(gradient.norm1Number().doubleValue()).isPositive();
        FiniteDifferences.assertGradient("table", loss, table.value(), gradient, 1e-7);
    }
}
