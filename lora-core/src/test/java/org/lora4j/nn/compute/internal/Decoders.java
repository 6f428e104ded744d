package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Network;
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
import org.lora4j.nn.layer.Scale;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.Softcap;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Small decoders with random weights. */
public final class Decoders {
    public static final int VOCABULARY = 19;

    private static final int WIDTH = 8;

    /** A family of decoders. */
    public enum Family {
        LLAMA,
        QWEN3,
        GPT2,
        GEMMA,
        PHI;

        /** Whether queries, keys and values are of one layer. */
        public boolean isFused() {
            return this == GPT2 || this == PHI;
        }
    }

    private final SplittableRandom random;
    private final DataType type;

    private Decoders(long seed, DataType type) {
        random = new SplittableRandom(seed);
        this.type = type;
    }

    /** A decoder with a tied head. */
    public static Network of(Family family, long seed, DataType type, int positions) {
        return new Decoders(seed, type).network(family, positions);
    }

    private INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(random, 0.5, type, shape);
    }

    private Linear linear(String path, int in, int out) {
        return new Linear(path, gaussian(out, in), random.nextBoolean() ? gaussian(out) : null);
    }

    private RMSNorm rmsNorm(String path, int width) {
        return new RMSNorm(path, gaussian(width).addi(1), 1e-5);
    }

    private LayerNorm layerNorm(String path) {
        return new LayerNorm(path, gaussian(WIDTH).addi(1), gaussian(WIDTH), 1e-5);
    }

    private Network network(Family family, int positions) {
        Embedding word = new Embedding("word", gaussian(VOCABULARY, WIDTH), Embedding.NO_PADDING);
        List<Layer> layers = new ArrayList<>();
        boolean gpt2 = family == Family.GPT2;
        boolean gemma = family == Family.GEMMA;
        layers.add(
                gpt2
                        ? new TokenEmbeddings(
                                "embeddings",
                                word,
                                new Embedding("position", gaussian(positions, WIDTH), Embedding.NO_PADDING),
                                null,
                                null)
                        : new TokenEmbeddings("embeddings", word, positions));
        if (gemma) {
            layers.add(new Scale("scale", Math.sqrt(WIDTH)));
        }
        for (int i = 0; i < 2; i++) {
            String path = "layers." + i;
            Layer attention = switch (family) {
                case GPT2 -> gpt2(path);
                case GEMMA -> gemma(path, i);
                case PHI -> phi(path);
                default -> llama(path, family == Family.QWEN3).causal().build();
            };
            List<Layer> first = new ArrayList<>();
            first.add(gpt2 ? layerNorm(path + ".n1") : rmsNorm(path + ".n1", WIDTH));
            first.add(attention);
            if (gemma) {
                first.add(RMSNorm.zeroCentered(path + ".n1b", gaussian(WIDTH), 1e-5));
            }
            layers.add(new Residual(path + ".first", first));
            layers.add(
                    gpt2
                            ? new Residual(
                                    path + ".second",
                                    List.of(
                                            layerNorm(path + ".n2"),
                                            linear(path + ".fc", WIDTH, 12),
                                            new Gelu(path + ".act", Gelu.Form.TANH),
                                            linear(path + ".proj", 12, WIDTH)))
                            : new Residual(
                                    path + ".second",
                                    List.of(
                                            rmsNorm(path + ".n2", WIDTH),
                                            GatedFeedForward.of(
                                                    path + ".mlp",
                                                    Gate.SILU,
                                                    linear(path + ".gate", WIDTH, 12),
                                                    linear(path + ".up", WIDTH, 12),
                                                    linear(path + ".down", 12, WIDTH)))));
        }
        layers.add(gpt2 ? layerNorm("last") : rmsNorm("last", WIDTH));
        layers.add(Linear.tiedTo("lm_head", word));
        if (gemma) {
            layers.add(new Softcap("softcap", 1.5));
        }
        return new Network(layers);
    }

    private Layer gpt2(String path) {
        return SelfAttention.builder(path + ".attention", 2, 2, 4)
                .causal()
                .input(linear(path + ".qkv", WIDTH, 24))
                .output(linear(path + ".o", 8, WIDTH))
                .build();
    }

    /** The first layer has a window. */
    private Layer gemma(String path, int i) {
        SelfAttention.Builder attention = llama(path, true).scale(0.4).softcap(1.1);
        return (i == 0 ? attention.window(3) : attention).causal().build();
    }

    /** One layer for queries, keys and values; a part of each head is turned. */
    private Layer phi(String path) {
        return SelfAttention.builder(path + ".attention", 2, 1, 6)
                .input(linear(path + ".qkv", WIDTH, 24))
                .output(linear(path + ".o", 12, WIDTH))
                .rotary(RotaryEmbedding.of(4, 30).scaledByFactors(new double[] {1.5, 0.7}, 1.2))
                .window(10)
                .causal()
                .build();
    }

    private SelfAttention.Builder llama(String path, boolean norms) {
        int groups = 1 << random.nextInt(3);
        int size = 2 + 2 * random.nextInt(3);
        SelfAttention.Builder attention = SelfAttention.builder(path + ".attention", 4, groups, size)
                .inputs(
                        linear(path + ".q", WIDTH, 4 * size),
                        linear(path + ".k", WIDTH, groups * size),
                        linear(path + ".v", WIDTH, groups * size))
                .output(linear(path + ".o", 4 * size, WIDTH))
                .rotary(RotaryEmbedding.of(size, 30));
        if (norms) {
            attention.norms(rmsNorm(path + ".q_norm", size), rmsNorm(path + ".k_norm", size));
        }
        return attention;
    }
}
