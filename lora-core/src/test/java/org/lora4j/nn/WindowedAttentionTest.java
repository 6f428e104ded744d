package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** An attention in which a token sees those of a window around it. */
@Tag("numbers")
class WindowedAttentionTest {
    private static final int WIDTH = 4;
    private static final int LONGEST = 400;

    private final SplittableRandom random = new SplittableRandom(3);

    private INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(random, 0.7, DataType.DOUBLE, shape);
    }

    private Linear linear(String path, int in, int out) {
        return new Linear(path, gaussian(out, in), null);
    }

    private SelfAttention.Builder attention(int window) {
        return SelfAttention.builder("a", 2, 1, 2)
                .window(window)
                .inputs(linear("q", WIDTH, 4), linear("k", WIDTH, 2), linear("v", WIDTH, 2))
                .output(linear("o", 4, WIDTH))
                .rotary(RotaryEmbedding.of(2, 100));
    }

    private Network network(SelfAttention.Builder attention) {
        Embedding word = new Embedding("e.word", gaussian(6, WIDTH), Embedding.NO_PADDING);
        return new Network(List.of(new TokenEmbeddings("e", word, LONGEST), attention.build()));
    }

    private int[] ids(int length) {
        int[] ids = new int[length];
        Arrays.setAll(ids, i -> random.nextInt(6));
        return ids;
    }

    /** Two texts; tokens of the second one are masked at its beginning, and others within it. */
    private Sequences texts(int length) {
        int[][] ids = {ids(length), ids(length)};
        int[][] mask = {new int[length], new int[length]};
        for (int i = 0; i < length; i++) {
            mask[0][i] = 1;
            mask[1][i] = i < length / 4 || random.nextInt(5) == 0 ? 0 : 1;
        }
        mask[1][length - 1] = 1;
        return Sequences.of(ids, mask, null);
    }

    /** All forms of an attention with a window. */
    private List<SelfAttention.Builder> forms(int window) {
        return List.of(
                attention(window),
                attention(window).causal(),
                attention(window).causal().softcap(0.8).scale(1.3),
                attention(window).softcap(0.5));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 20, 64, 1000})
    @Tag("slow")
    void computesSequencesOfSeveralBlocks(int window) {
        forms(window).forEach(form -> assertComputes(network(form)));
    }

    private void assertComputes(Network network) {
        for (int length : List.of(5, 127, 128, 129, 300)) {
            Sequences x = texts(length);
            INDArray y = network.predict(x);
            double[][] expected = LayerFormulas.output(network, x);
            for (int i = 0; i < x.tokens(); i++) {
                assertThat(y.getRow(i).toDoubleVector())
                        .as("row %d of %d", i, length)
                        .containsExactly(expected[i], within(1e-10));
            }
        }
    }

    @Test
    void aWindowOfAllTokensIsNone() {
        Network network = network(attention(LONGEST));
        SelfAttention windowed = (SelfAttention) network.layers().get(1);
        Network whole = new Network(List.of(
                network.layers().get(0),
                SelfAttention.builder("a", 2, 1, 2)
                        .inputs(
                                windowed.inputs().get(0),
                                windowed.inputs().get(1),
                                windowed.inputs().get(2))
                        .output(windowed.output())
                        .rotary(RotaryEmbedding.of(2, 100))
                        .build()));
        Sequences x = Sequences.of(ids(300));
        double[] expected = whole.predict(x).dup('c').data().asDouble();
        assertThat(network.predict(x).dup('c').data().asDouble()).containsExactly(expected, within(1e-12));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 64})
    @Tag("slow")
    void computesTheGradientsOfSeveralBlocks(int window) {
        forms(window).forEach(form -> assertGradients(network(form), texts(270)));
    }

    @ParameterizedTest
    @ValueSource(ints = {SelfAttention.NO_WINDOW, 500})
    @Tag("slow")
    void boundsTheScoresOfAllTokens(int window) {
        for (SelfAttention.Builder form : forms(window)) {
            Network network = network(form.softcap(0.6).scale(2));
            assertComputes(network);
            assertGradients(network, texts(140));
        }
    }

    @Test
    void dropsTheSameWeightsInTheGradient() {
        assertGradients(network(attention(30).dropout(0.4, 7)), texts(140));
    }

    private void assertGradients(Network network, Sequences x) {
        Pass pass = network.newTrainingPass();
        INDArray direction = gaussian(x.tokens(), WIDTH);
        DoubleSupplier loss = () -> {
            pass.segment().setStep(5);
            return pass.forward(x).mul(direction).sumNumber().doubleValue();
        };
        assertThat(loss.getAsDouble()).isFinite();
        pass.backward(direction);
        for (Parameter parameter : pass.trainableParameters()) {
            INDArray gradient = pass.gradient(parameter).dup('c');
            FiniteDifferences.assertGradient(parameter.name(), loss, parameter.value(), gradient, 1e-5);
        }
    }

    @Test
    void refusesAWindowThatItCannotCompute() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> attention(-1))
                .withMessage("a: the window must be at least 0 tokens, found -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> attention(5).scale(0))
                .withMessage("a: the scale must be positive, found 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> attention(5).softcap(-1))
                .withMessage("a: the softcap must be positive, found -1.0");
    }
}
