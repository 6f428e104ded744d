package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.state;
import static org.lora4j.Refusals.table;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.Refusals;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

@Tag("numbers")
class CausalSelfAttentionTest {
    private static final int WIDTH = 4;

    private final SplittableRandom random = new SplittableRandom(3);

    private INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(random, 0.7, DataType.DOUBLE, shape);
    }

    private Linear linear(String path, int in, int out) {
        return new Linear(path, gaussian(out, in), null);
    }

    private SelfAttention.Builder attention() {
        return SelfAttention.builder("a", 2, 1, 2)
                .causal()
                .inputs(linear("q", WIDTH, 4), linear("k", WIDTH, 2), linear("v", WIDTH, 2))
                .output(linear("o", 4, WIDTH));
    }

    private Network network(SelfAttention attention, int positions) {
        TokenEmbeddings embeddings = new TokenEmbeddings(
                "e",
                new Embedding("e.word", gaussian(6, WIDTH), Embedding.NO_PADDING),
                new Embedding("e.position", gaussian(positions, WIDTH), Embedding.NO_PADDING),
                null,
                new LayerNorm("e.norm", gaussian(WIDTH).addi(1), gaussian(WIDTH), 0.1));
        return new Network(List.of(embeddings, attention));
    }

    private Sequences sequence(int length) {
        int[] ids = new int[length];
        Arrays.setAll(ids, i -> random.nextInt(6));
        return Sequences.of(ids);
    }

    @Test
    void computesSequencesOfSeveralBlocks() {
        for (int length : List.of(127, 128, 129, 300)) {
            Network network =
                    network(attention().rotary(RotaryEmbedding.of(2, 100)).build(), 300);
            Sequences x = sequence(length);
            INDArray y = network.predict(x);
            double[][] expected = LayerFormulas.output(network, x);
            for (int i = 0; i < length; i++) {
                assertThat(y.getRow(i).toDoubleVector())
                        .as("row %d of %d", i, length)
                        .containsExactly(expected[i], within(1e-10));
            }
        }
    }

    @Test
    void computesTheGradientsOfSeveralBlocks() {
        assertGradients(network(attention().rotary(RotaryEmbedding.of(2, 100)).build(), 270), sequence(270));
    }

    @Test
    void dropsTheSameWeightsInTheGradient() {
        Network network = network(attention().dropout(0.4, 7).build(), 150);
        Sequences x = sequence(140);
        Pass pass = network.newTrainingPass();
        assertThat(pass.forward(x).dup()).isNotEqualTo(network.predict(x));
        assertGradients(network, x);
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
            if (!parameter.name().startsWith("e.")) {
                INDArray gradient = pass.gradient(parameter).dup('c');
                FiniteDifferences.assertGradient(parameter.name(), loss, parameter.value(), gradient, 1e-5);
            }
        }
    }

    @Test
    void computesOnlyTheGradientsThatTrain() {
        for (String trained : List.of("q", "k", "v", "o")) {
            Network network = network(attention().build(), 10);
            network.freeze();
            network.linear(trained).weightParameter().setTrainable(true);
            Sequences x = sequence(9);
            assertGradients(network, x);
        }
    }

    @Test
    void laterTokensDoNotChangeEarlierOnes() {
        Network network = network(attention().build(), 10);
        INDArray all = network.predict(Sequences.of(new int[] {1, 2, 3, 4, 5}));
        INDArray start = network.predict(Sequences.of(new int[] {1, 2, 3}));
        for (int i = 0; i < 3; i++) {
            assertThat(all.getRow(i).toDoubleVector())
                    .containsExactly(start.getRow(i).toDoubleVector(), within(1e-12));
        }
    }

    @TestFactory
    List<DynamicTest> refusesPartsThatDoNotFit() {
        return table(
                argument(() -> SelfAttention.builder("a", 3, 2, 2).causal())
                        .says("a: the heads must have a positive size, and the heads of keys and values must divide"
                                + " those of the queries, found 3 heads of size 2 and 2 of keys and values"),
                argument(() -> attention()
                                .inputs(linear("q", 4, 4), linear("k", 4, 4), linear("v", 4, 2))
                                .build())
                        .says("k: must have 2 outputs by the number and the size of the heads, found 4"),
                argument(() -> attention().input(linear("qkv", 4, 7)).build())
                        .says("qkv: must have 8 outputs by the number and the size of the heads, found 7"),
                argument(() -> attention()
                                .inputs(linear("q", 4, 4), linear("k", 3, 2), linear("v", 4, 2))
                                .build())
                        .says("k: must have the 4 inputs of q, found 3"),
                argument(() -> attention().output(linear("o", 3, 4)).build())
                        .says("o: must have an input for each of the 2 · 2 numbers of the heads, found 3"),
                argument(() -> attention().rotary(RotaryEmbedding.of(4, 10)).build())
                        .says("a: the rotation must be that of heads of size 2 or of a part of them, found 4"),
                state(() -> SelfAttention.builder("a", 2, 2, 2).causal().build())
                        .says("a: an attention needs its inputs and its output"));
    }

    @Test
    void scalesFrequencies() {
        RotaryEmbedding plain = RotaryEmbedding.of(4, 100);
        assertThat(plain.frequencies()).containsExactly(new double[] {1, 0.1}, within(1e-15));
        assertThat(plain.scaledLinearly(4).frequencies()).containsExactly(new double[] {0.25, 0.025}, within(1e-15));
        assertThat(plain.scaledLinearly(1)).isEqualTo(plain).hasSameHashCodeAs(plain);
        // 1 turns 1.59 times in 10 positions, 0.1 turns 0.16 times.
        double kept = 0.59154943091895 / 1;
        assertThat(plain.scaledByParts(8, 1, 2, 10).frequencies())
                .containsExactly(new double[] {(1 - kept) / 8 + kept, 0.1 / 8}, within(1e-12));
        assertThat(plain.scaledByParts(8, 1, 1.5, 10).frequencies())
                .containsExactly(new double[] {1, 0.1 / 8}, within(1e-12));
        Refusals.check(
                argument(() -> RotaryEmbedding.of(5, 100))
                        .says("rotary embedding: the size of a head must be even and positive, found 5"),
                argument(() -> plain.scaledLinearly(0)).says("rotary embedding: factor must be positive, found 0.0"),
                argument(() -> plain.scaledByParts(8, 2, 1, 10))
                        .says("rotary embedding: high_freq_factor must be more than low_freq_factor 2.0, found 1.0"));
    }
}
