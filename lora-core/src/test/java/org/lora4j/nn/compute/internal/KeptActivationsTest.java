package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.NativeBytes;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A training keeps for the gradients what they need, and nothing else. */
@Tag("numbers")
@Tag("slow")
class KeptActivationsTest {
    private static final int TOKENS = 2000;

    /** So short that the heads of a text are computed in one block, whose buffers do not grow. */
    private static final int LENGTH = 100;

    private static final int WIDTH = 16;
    private static final int QUERIES = 32;
    private static final int KEYS = 16;
    private static final int HIDDEN = 24;

    /** Its input and output, those of the attention, queries, keys and values, the two factors of the gate. */
    private static final int ALWAYS = 2 * WIDTH + QUERIES + 2 * KEYS + 2 * HIDDEN;

    /** The gradients of the weights, and what the pass needs once for all layers of a size. */
    private static final double FEW = 6;

    private static Linear linear(String path, int in, int out) {
        return new Linear(path, Samples.gaussian(path.hashCode(), DataType.FLOAT, out, in), null);
    }

    private static RMSNorm norm(String path) {
        return new RMSNorm(path, Samples.gaussian(path.hashCode(), DataType.FLOAT, WIDTH), 1e-5);
    }

    private static Network decoder(int count) {
        Embedding word = new Embedding("word", Samples.gaussian(1, DataType.FLOAT, 30, WIDTH), Embedding.NO_PADDING);
        List<Layer> layers = new ArrayList<>();
        layers.add(new TokenEmbeddings("embeddings", word, TOKENS));
        RotaryEmbedding rotary = RotaryEmbedding.of(8, 100);
        for (int i = 0; i < count; i++) {
            String path = i + ".";
            SelfAttention attention = SelfAttention.builder(path + "attention", 4, 2, 8)
                    .causal()
                    .inputs(
                            linear(path + "query", WIDTH, QUERIES),
                            linear(path + "key", WIDTH, KEYS),
                            linear(path + "value", WIDTH, KEYS))
                    .output(linear(path + "output", QUERIES, WIDTH))
                    .rotary(rotary)
                    .build();
            GatedFeedForward gated = GatedFeedForward.of(
                    path + "mlp",
                    Gate.SILU,
                    linear(path + "gate", WIDTH, HIDDEN),
                    linear(path + "up", WIDTH, HIDDEN),
                    linear(path + "down", HIDDEN, WIDTH));
            layers.add(new Residual(path + "first", List.of(norm(path + "norm1"), attention)));
            layers.add(new Residual(path + "second", List.of(norm(path + "norm2"), gated)));
        }
        layers.add(norm("norm"));
        layers.add(linear("head", WIDTH, 30));
        return new Network(layers);
    }

    /** What trains of a linear layer. */
    private enum What {
        WEIGHT,
        UPDATE
    }

    /** The numbers that a training of some linear layers keeps for a token and a layer. */
    private static double kept(What what, Set<String> trained) throws Exception {
        return (kept(what, trained, 6) - kept(what, trained, 2)) / 4.0 / TOKENS / Float.BYTES;
    }

    private static long kept(What what, Set<String> trained, int count) throws Exception {
        Network decoder = decoder(count);
        decoder.parameters().forEach(parameter -> parameter.setTrainable(false));
        for (Linear linear : decoder.linears()) {
            if (trained.contains(linear.path().substring(linear.path().indexOf('.') + 1))) {
                if (what == What.WEIGHT) {
                    linear.weightParameter().setTrainable(true);
                } else {
                    linear.updates()
                            .register(
                                    "fake",
                                    FakeUpdate.Dense.of(Samples.gaussian(
                                            3, DataType.FLOAT, linear.outputSize(), linear.inputSize())));
                }
            }
        }
        Sequences x = Sequences.of(new int[TOKENS / LENGTH][LENGTH]);
        INDArray direction = Samples.gaussian(2, DataType.FLOAT, TOKENS, 30);
        long before = NativeBytes.used();
        Pass pass = decoder.newTrainingPass();
        try {
            pass.forward(x);
            pass.backward(direction);
            return NativeBytes.used() - before;
        } finally {
            Reference.reachabilityFence(pass);
            Reference.reachabilityFence(direction);
            Reference.reachabilityFence(decoder);
        }
    }

    private static void assertKeeps(double actual, int numbers) {
        assertThat(actual).isBetween((double) numbers, numbers + FEW);
    }

    @Test
    void anUpdateReadsInputsThatAreComputedAgain() throws Exception {
        assertKeeps(kept(What.UPDATE, Set.of("query", "value", "gate")), ALWAYS);
    }

    @Test
    void otherInputsAreKeptWhereSomethingTrains() throws Exception {
        assertKeeps(kept(What.UPDATE, Set.of("query", "output", "down")), ALWAYS + QUERIES + HIDDEN);
    }

    /** An updater may read the input of a weight after the gradients. */
    @Test
    void theInputsOfWeightsThatTrainAreKept() throws Exception {
        assertKeeps(kept(What.WEIGHT, Set.of("query", "gate")), ALWAYS + 2 * WIDTH);
    }
}
