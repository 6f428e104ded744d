package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Models;
import org.lora4j.nn.NativeObjects;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.SteadyState;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** After the first few calls a pass allocates no native memory. */
class SteadyStateTest {
    private final Network network = Models.dense(784, 100, 50, 10);

    private static void assertAllocatesNothing(Runnable step) {
        SteadyState.assertReached(3, step);
    }

    @Test
    void counterSeesAnAllocation() {
        long before = NativeObjects.made();
        assertThat(Nd4j.create(DataType.FLOAT, 3).length()).isEqualTo(3);
        assertThat(NativeObjects.made()).isGreaterThan(before);
    }

    @Test
    void trainingStepsAllocateNothing() {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 10, 784);
        INDArray direction = Samples.gaussian(2, DataType.FLOAT, 10, 10);
        Pass pass = network.newTrainingPass();
        assertAllocatesNothing(() -> {
            pass.forward(x);
            pass.backward(direction);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 32})
    void trainingStepsOfASmallNetworkAllocateNothing(int rows) {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, rows, 20);
        INDArray direction = Samples.gaussian(2, DataType.FLOAT, rows, 2);
        Pass pass = Models.dense(20, 64, 2).newTrainingPass();
        assertAllocatesNothing(() -> {
            pass.forward(x);
            pass.backward(direction);
        });
    }

    @Test
    void alternatingBatchSizesAllocateNothing() {
        INDArray ten = Samples.gaussian(1, DataType.FLOAT, 10, 784);
        INDArray three = Samples.gaussian(1, DataType.FLOAT, 3, 784);
        INDArray tenDirection = Samples.gaussian(2, DataType.FLOAT, 10, 10);
        INDArray threeDirection = Samples.gaussian(2, DataType.FLOAT, 3, 10);
        Pass pass = network.newTrainingPass();
        assertAllocatesNothing(() -> {
            pass.forward(ten);
            pass.backward(tenDirection);
            pass.forward(three);
            pass.backward(threeDirection);
        });
    }

    @Test
    void switchingToOtherParametrizationsAllocatesNothing() {
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 10, 784);
        WeightUpdate one = FakeUpdate.Dense.of(Samples.gaussian(2, DataType.FLOAT, 100, 784));
        WeightUpdate other = FakeUpdate.Dense.of(Samples.gaussian(3, DataType.FLOAT, 100, 784));
        Linear first = network.linear("linear1");
        List<WeightUpdate> chosen = new ArrayList<>(List.of());
        Pass pass = new Pass(
                network.stack(),
                false,
                () -> linear -> linear == first
                        ? linear.updates().effective().with(chosen)
                        : linear.updates().effective());
        assertAllocatesNothing(() -> {
            for (List<WeightUpdate> choice : List.of(List.of(one), List.of(other, one), List.of(other))) {
                chosen.clear();
                chosen.addAll(choice);
                pass.forward(x);
            }
        });
    }

    @Test
    void changingInputsAllocateNothing() {
        INDArray first = Samples.gaussian(1, DataType.FLOAT, 10, 784);
        INDArray second = Samples.gaussian(2, DataType.FLOAT, 10, 784);
        Pass pass = network.newInferencePass();
        assertAllocatesNothing(() -> {
            pass.forward(first);
            pass.forward(second);
        });
    }

    private static Linear linear(String path, int in, int out) {
        return new Linear(path, Samples.gaussian(path.length(), DataType.FLOAT, out, in), null);
    }

    private static RMSNorm norm(String path, int width) {
        return new RMSNorm(path, Samples.gaussian(path.length(), DataType.FLOAT, width), 1e-5);
    }

    @Test
    void trainingStepsOfADecoderAllocateNothing() {
        Embedding word = new Embedding("word", Samples.gaussian(1, DataType.FLOAT, 30, 16), Embedding.NO_PADDING);
        SelfAttention attention = SelfAttention.builder("attention", 4, 2, 8)
                .causal()
                .inputs(linear("query", 16, 32), linear("key", 16, 16), linear("value", 16, 16))
                .output(linear("output", 32, 16))
                .rotary(RotaryEmbedding.of(8, 100))
                .norms(norm("query_norm", 8), norm("key_norm", 8))
                .build();
        GatedFeedForward gated = GatedFeedForward.of(
                "mlp", Gate.SILU, linear("gate", 16, 24), linear("up", 16, 24), linear("down", 24, 16));
        Network decoder = new Network(List.of(
                new TokenEmbeddings("embeddings", word, 200),
                new Residual("first", List.of(norm("norm1", 16), attention)),
                new Residual("second", List.of(norm("norm_2", 16), gated)),
                norm("final_norm", 16),
                Linear.tiedTo("lm_head", word)));
        word.weightParameter().setTrainable(false);
        Sequences x = Sequences.of(new int[140], new int[7], new int[1]);
        INDArray direction = Samples.gaussian(2, DataType.FLOAT, 148, 30);
        Pass pass = decoder.newTrainingPass();
        assertAllocatesNothing(() -> {
            pass.forward(x);
            pass.backward(direction);
        });
    }
}
