package org.lora4j.nn;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.TargetModules;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.batch.internal.WeightGradient;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A head that shares the table of the embedding. */
@Tag("numbers")
class TiedHeadTest {
    private static final int WIDTH = 4;
    private static final Sequences X = Sequences.of(new int[] {1, 4, 0}, new int[] {5, 2});

    private final SplittableRandom random = new SplittableRandom(3);

    private INDArray gaussian(DataType type, long... shape) {
        return RandomArrays.gaussian(random, 0.7, type, shape);
    }

    private Network network(DataType type) {
        Embedding word = new Embedding("word", gaussian(type, 6, WIDTH), Embedding.NO_PADDING);
        SelfAttention attention = SelfAttention.builder("attention", 2, 1, 2)
                .causal()
                .input(new Linear("qkv", gaussian(type, 8, WIDTH), null))
                .output(new Linear("o", gaussian(type, WIDTH, 4), null))
                .build();
        return new Network(
                List.of(new TokenEmbeddings("embeddings", word, 9), attention, Linear.tiedTo("lm_head", word)));
    }

    @Test
    void hasOneParameterWithTheSumOfBothGradients() {
        Network network = network(DataType.DOUBLE);
        assertThat(network.parameters())
                .extracting(Parameter::name)
                .containsExactly("word.weight", "qkv.weight", "o.weight");
        Pass pass = network.newTrainingPass();
        INDArray direction = gaussian(DataType.DOUBLE, 5, 6);
        DoubleSupplier loss = () -> pass.forward(X).mul(direction).sumNumber().doubleValue();
        assertThat(loss.getAsDouble()).isFinite();
        // Twice, so that a gradient that is left from the last step would show.
        pass.backward(direction);
        pass.backward(direction);
        for (Parameter parameter : network.parameters()) {
            FiniteDifferences.assertGradient(
                    parameter.name(),
                    loss,
                    parameter.value(),
                    pass.gradient(parameter).dup('c'),
                    1e-5);
        }
    }

    @Test
    void completesAGradientThatIsDeferred() {
        Network network = network(DataType.DOUBLE);
        Parameter table = network.parameters().get(0);
        INDArray direction = gaussian(DataType.DOUBLE, 5, 6);
        Pass pass = network.newTrainingPass();
        pass.forward(X);
        pass.backward(direction);
        INDArray expected = pass.gradient(table).dup();
        WeightGradient gradient = requireNonNull(pass.segment().weightGradient(table));
        gradient.deferUpTo(100);
        pass.backward(direction);
        assertThat(gradient.isDeferred()).isFalse();
        assertThat(pass.gradient(table)).isEqualTo(expected);
    }

    @Test
    void staysTiedInACopy() {
        Network copy = network(DataType.FLOAT).copy();
        assertThat(copy.linear("lm_head").isTied()).isTrue();
        assertThat(copy.linear("qkv").isTied()).isFalse();
        assertThat(copy.linear("lm_head").weight())
                .isSameAs(copy.baseLayer("word").weight());
    }

    @ParameterizedTest
    @ValueSource(strings = {"qkv", "word", "lm_head"})
    void mergesToWhatTheAdapterComputes(String target) {
        Network network = network(DataType.DOUBLE);
        LoRAModel model = LoRAModel.of(network);
        AdapterView view =
                model.add("a", LoRAConfig.builder().targetModules(target).build());
        view.parameters()
                .forEach(parameter -> parameter
                        .value()
                        .assign(gaussian(DataType.DOUBLE, parameter.value().shape())));
        Network merged = model.merge("a");
        assertThat(Differences.greatest(merged.predict(X), view.predict(X))).isLessThan(1e-12);
        // An adapter of one of the two layers unties them.
        assertThat(merged.linear("lm_head").isTied()).isEqualTo(target.equals("qkv"));
    }

    @Test
    void allLinearLayersAreThoseWithoutTheHead() {
        Network network = network(DataType.FLOAT);
        assertThat(network.outputEmbedding()).contains("lm_head");
        assertThat(network.taskType()).contains("CAUSAL_LM");
        AdapterView view = LoRAModel.of(network)
                .add(
                        "a",
                        LoRAConfig.builder()
                                .targetModules(TargetModules.allLinear())
                                .build());
        assertThat(view.adapter().weights()).containsOnlyKeys("qkv", "o");
    }
}
