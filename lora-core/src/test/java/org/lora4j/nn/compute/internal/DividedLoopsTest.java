package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.internal.threads.SpareProcessors;
import org.lora4j.internal.threads.ThreadTeam;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Loops that several threads divide give the same bits as in one thread. */
@Tag("numbers")
class DividedLoopsTest {
    /** So small that the products are not divided: their bits depend on the number of threads. */
    private static final int WIDTH = 64;

    private static final int HIDDEN = 384;
    private static final int VOCABULARY = 50;

    private enum Trains {
        FIRST,
        ALL
    }

    private enum Kind {
        ROWS,
        ENCODER,
        DECODER
    }

    private final SplittableRandom random = new SplittableRandom(5);

    private INDArray gaussian(double deviation, long... shape) {
        return RandomArrays.gaussian(random, deviation, DataType.FLOAT, shape);
    }

    private Linear linear(String path, int in, int out) {
        return new Linear(path, gaussian(0.1, out, in), gaussian(0.1, out));
    }

    private RMSNorm rmsNorm(String path, int width) {
        return new RMSNorm(path, gaussian(0.1, width).addi(1), 1e-5);
    }

    private LayerNorm layerNorm(String path, int width) {
        return new LayerNorm(path, gaussian(0.1, width).addi(1), gaussian(0.1, width), 1e-5);
    }

    private Embedding embedding(String path, int rows, int width) {
        return new Embedding(path, gaussian(1, rows, width), Embedding.NO_PADDING);
    }

    /** Layers that compute row by row. */
    private Network rows() {
        int width = 256;
        return new Network(List.of(
                new TokenEmbeddings("embeddings", embedding("query", VOCABULARY, width), 400),
                layerNorm("norm1", width),
                new Gelu("gelu", Gelu.Form.TANH),
                rmsNorm("norm2", width)));
    }

    private Network encoder() {
        SelfAttention attention = SelfAttention.builder("attention", 4, 4, WIDTH / 4)
                .inputs(linear("query", WIDTH, WIDTH), linear("key", WIDTH, WIDTH), linear("value", WIDTH, WIDTH))
                .output(linear("output", WIDTH, WIDTH))
                .dropout(0.1, 3)
                .build();
        return new Network(List.of(
                new TokenEmbeddings(
                        "embeddings",
                        embedding("word", VOCABULARY, WIDTH),
                        embedding("position", 400, WIDTH),
                        null,
                        null),
                new Residual("first", List.of(attention)),
                layerNorm("norm1", WIDTH),
                new Residual(
                        "second",
                        List.of(
                                linear("up", WIDTH, HIDDEN),
                                new Gelu("gelu", Gelu.Form.EXACT),
                                linear("down", HIDDEN, WIDTH))),
                layerNorm("norm2", WIDTH)));
    }

    private Network decoder() {
        SelfAttention attention = SelfAttention.builder("attention", 6, 3, 32)
                .causal()
                .inputs(linear("query", WIDTH, 192), linear("key", WIDTH, 96), linear("value", WIDTH, 96))
                .output(linear("output", 192, WIDTH))
                .rotary(RotaryEmbedding.of(32, 100))
                .norms(rmsNorm("query_norm", 32), rmsNorm("key_norm", 32))
                .dropout(0.1, 3)
                .build();
        List<Layer> layers = List.of(
                new TokenEmbeddings("embeddings", embedding("word", VOCABULARY, WIDTH), 400),
                new Residual("first", List.of(rmsNorm("norm1", WIDTH), attention)),
                new Residual(
                        "second",
                        List.of(
                                rmsNorm("norm2", WIDTH),
                                GatedFeedForward.of(
                                        "mlp",
                                        Gate.SILU,
                                        linear("gate", WIDTH, HIDDEN),
                                        linear("up", WIDTH, HIDDEN),
                                        linear("down", HIDDEN, WIDTH)))),
                rmsNorm("last", WIDTH),
                linear("head", WIDTH, VOCABULARY));
        return new Network(layers);
    }

    private int[][] texts(int... lengths) {
        int[][] ids = new int[lengths.length][];
        for (int i = 0; i < lengths.length; i++) {
            ids[i] = random.ints(lengths[i], 0, VOCABULARY).toArray();
        }
        return ids;
    }

    /** Trains one step and predicts, and returns all numbers: outputs and gradients. */
    private List<double[]> compute(Network network, Sequences x, int threads) {
        int before = ThreadTeam.shared().threads();
        ThreadTeam.shared().setThreads(threads);
        // The common pool must not divide the loops of a single thread.
        SpareProcessors.setEngineThreads(Runtime.getRuntime().availableProcessors());
        try {
            List<double[]> all = new ArrayList<>();
            Pass pass = network.newTrainingPass();
            for (int step = 0; step < 2; step++) {
                INDArray y = pass.forward(x);
                all.add(Samples.bits(y));
                pass.backward(Samples.gaussian(9, DataType.FLOAT, y.shape()));
                Set<Parameter> trained = pass.segment().trainableParameters();
                trained.forEach(parameter -> all.add(Samples.bits(pass.segment().gradient(parameter))));
            }
            all.add(Samples.bits(network.newInferencePass().forward(x)));
            return all;
        } finally {
            ThreadTeam.shared().setThreads(before);
            SpareProcessors.setEngineThreads(1);
        }
    }

    @ParameterizedTest
    @CsvSource({"ROWS, FIRST", "ROWS, ALL", "ENCODER, FIRST", "ENCODER, ALL", "DECODER, FIRST", "DECODER, ALL"})
    @Tag("slow")
    void severalThreadsComputeTheSameBits(Kind kind, Trains trains) {
        Network network = switch (kind) {
            case ROWS -> rows();
            case ENCODER -> encoder();
            case DECODER -> decoder();
        };
        network.parameters()
                .forEach(parameter -> parameter.setTrainable(
                        trains == Trains.ALL || parameter.name().startsWith("query.")));
        Sequences x = Sequences.of(texts(300, 1, 200, 40, 60));
        List<double[]> alone = compute(network, x, 1);
        for (int threads : new int[] {2, 3, 8}) {
            List<double[]> together = compute(network, x, threads);
            assertThat(together).hasSameSizeAs(alone);
            for (int i = 0; i < alone.size(); i++) {
                assertThat(Arrays.equals(together.get(i), alone.get(i)))
                        .as("array %d with %d threads", i, threads)
                        .isTrue();
            }
        }
    }

    @Test
    void theLoopsAreDivided() {
        Network network = decoder();
        Sequences x = Sequences.of(texts(300, 300));
        compute(network, x, 2);
        assertThat(Thread.getAllStackTraces().keySet())
                .anyMatch(thread -> thread.getName().equals("lora4j-1"));
    }
}
