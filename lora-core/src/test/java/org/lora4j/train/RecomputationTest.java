package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** A training that computes its layers again gives the bits of one that keeps everything. */
@Tag("numbers")
class RecomputationTest {
    private static final int WIDTH = 8;

    private enum Host {
        LLAMA,
        QWEN3,
        GPT2,
        GEMMA,
        PHI,
        ENCODER,
        RELATIVE;

        boolean isEncoder() {
            return this == ENCODER || this == RELATIVE;
        }
    }

    /** An encoder as BERT has it, with dropout everywhere, and three layers. */
    private static Network encoder(DataType type, boolean isRelative) {
        SplittableRandom random = new SplittableRandom(6);
        List<Layer> layers = new ArrayList<>();
        Embedding word = new Embedding("word", gaussian(random, type, Decoders.VOCABULARY, WIDTH), 0);
        layers.add(new TokenEmbeddings("embeddings", word, 80));
        Embedding table = new Embedding("relative", gaussian(random, type, 12, WIDTH), Embedding.NO_PADDING);
        RelativePositions relative = RelativePositions.distances(table, norm(random, type, "relative_norm"), 80);
        for (int i = 0; i < 3; i++) {
            String path = "layer." + i;
            Linear query = linear(random, type, path + ".q", WIDTH, WIDTH);
            Linear key = linear(random, type, path + ".k", WIDTH, WIDTH);
            SelfAttention.Builder attention = SelfAttention.builder(path + ".self", 2, 2, WIDTH / 2)
                    .inputs(query, key, linear(random, type, path + ".v", WIDTH, WIDTH))
                    .output(linear(random, type, path + ".o", WIDTH, WIDTH))
                    .dropout(0.2, 3);
            if (isRelative) {
                attention.relativeKeys(relative, key).relativeQueries(relative, query);
            }
            layers.add(new Residual(path + ".first", List.of(attention.build(), new Dropout(path + ".drop1", 0.2, 4))));
            layers.add(norm(random, type, path + ".norm1"));
            layers.add(new Residual(
                    path + ".second",
                    List.of(
                            linear(random, type, path + ".up", WIDTH, 12),
                            new Gelu(path + ".gelu"),
                            linear(random, type, path + ".down", 12, WIDTH),
                            new Dropout(path + ".drop2", 0.2, 5))));
            layers.add(norm(random, type, path + ".norm2"));
        }
        layers.add(new Pooling("pool", Pooling.Method.MEAN));
        layers.add(linear(random, type, "classifier", WIDTH, 2));
        return new Network(layers);
    }

    private static INDArray gaussian(SplittableRandom random, DataType type, long... shape) {
        return RandomArrays.gaussian(random, 0.5, type, shape);
    }

    private static Linear linear(SplittableRandom random, DataType type, String path, int in, int out) {
        return new Linear(path, gaussian(random, type, out, in), gaussian(random, type, out));
    }

    private static LayerNorm norm(SplittableRandom random, DataType type, String path) {
        return new LayerNorm(path, gaussian(random, type, WIDTH).addi(1), gaussian(random, type, WIDTH), 1e-5);
    }

    private static Network network(Host host, DataType type) {
        return host.isEncoder()
                ? encoder(type, host == Host.RELATIVE)
                : Decoders.of(Decoders.Family.valueOf(host.name()), 3, type, 80);
    }

    private static List<Batch> batches(Host host) {
        SplittableRandom random = new SplittableRandom(2);
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            int[][] ids = new int[1 + random.nextInt(3)][];
            for (int j = 0; j < ids.length; j++) {
                ids[j] = random.ints(2 + random.nextInt(40), 1, Decoders.VOCABULARY)
                        .toArray();
            }
            INDArray labels = host.isEncoder() ? Nd4j.eye(2).getRows(new int[ids.length]) : null;
            batches.add(new Batch(Sequences.of(ids), labels));
        }
        return batches;
    }

    private static Consumer<LoRAConfigBuilder> variant(String name) {
        return switch (name) {
            case "lora", "inputs of the heads" -> config -> {};
            case "dropout" -> config -> config.dropout(0.3);
            case "dora" -> config -> config.dora(true);
            case "dora with dropout" -> config -> config.dora(true).dropout(0.3);
            case "table" -> config -> config.modulesToSave("word");
            default -> throw new IllegalArgumentException(name);
        };
    }

    static Stream<Arguments> trainings() {
        List<Arguments> all = new ArrayList<>();
        for (Host host : Host.values()) {
            for (String variant : List.of(
                    "every parameter",
                    "lora",
                    "inputs of the heads",
                    "dropout",
                    "dora",
                    "dora with dropout",
                    "table")) {
                for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
                    all.add(Arguments.of(host, variant, type));
                }
            }
        }
        return all.stream();
    }

    private static Trainer.Builder builder(Host host, org.lora4j.nn.Model model, boolean recompute) {
        return Trainer.builder(model)
                .loss(host.isEncoder() ? Loss.softmaxCrossEntropy() : Loss.nextToken())
                .updater(new Adam(0.01))
                .epochs(2)
                .recomputeActivations(recompute);
    }

    private static AdapterView adapter(LoRAModel model, String name, String variant) {
        boolean ofHeads = variant.equals("inputs of the heads");
        String[] targets = ofHeads ? new String[] {"q", "v"} : new String[] {"o", "k", "down"};
        if (model.network().linears().stream().noneMatch(layer -> layer.path().endsWith(".k"))) {
            boolean isGpt2 = model.network().linears().stream()
                    .anyMatch(layer -> layer.path().endsWith(".proj"));
            targets = ofHeads ? new String[] {"qkv"} : new String[] {"o", "qkv", isGpt2 ? "proj" : "down"};
        }
        LoRAConfigBuilder config =
                LoRAConfig.builder().rank(3).targetModules(targets).seed(7);
        variant(variant).accept(config);
        AdapterView view = model.add(name, config.build());
        SplittableRandom random = new SplittableRandom(4);
        for (Parameter parameter : view.parameters()) {
            INDArray value = parameter.value();
            value.addi(RandomArrays.gaussian(random, 0.3, value.dataType(), value.shape()));
        }
        return view;
    }

    private static void assertSameBits(List<Parameter> actual, List<Parameter> expected) {
        for (int i = 0; i < expected.size(); i++) {
            assertThat(Samples.bits(actual.get(i).value()))
                    .as(expected.get(i).name())
                    .isEqualTo(Samples.bits(expected.get(i).value()));
        }
    }

    @ParameterizedTest
    @MethodSource("trainings")
    @Tag("slow")
    void givesTheSameBits(Host host, String variant, DataType type) {
        List<List<Parameter>> trained = new ArrayList<>();
        List<TrainingResult> results = new ArrayList<>();
        for (boolean recompute : new boolean[] {false, true}) {
            Network network = network(host, type);
            // An updater that defers products keeps what layers computed, which is gone when it is needed.
            boolean isNetwork = variant.equals("every parameter");
            AdapterView view = isNetwork ? null : adapter(LoRAModel.of(network), "a", variant);
            results.add(builder(host, view == null ? network : view, recompute)
                    .build()
                    .fit(batches(host)));
            trained.add(view == null ? network.parameters() : view.parameters());
        }
        assertThat(results.get(1).finalLoss()).isEqualTo(results.get(0).finalLoss());
        assertSameBits(trained.get(1), trained.get(0));
    }

    /** A checkpoint says nothing of how layers were computed, so a training can go on the other way. */
    @ParameterizedTest
    @EnumSource(Host.class)
    @Tag("slow")
    void aTrainingGoesOnTheOtherWayWithTheSameBits(Host host) {
        for (String variant : List.of("lora", "dora with dropout", "table")) {
            for (boolean before : new boolean[] {false, true}) {
                List<TrainingState> states = new ArrayList<>();
                AdapterView through = adapter(LoRAModel.of(network(host, DataType.FLOAT)), "a", variant);
                TrainingResult expected = builder(host, through, before)
                        .checkpointEvery(3, states::add)
                        .build()
                        .fit(batches(host));
                AdapterView resumed = adapter(LoRAModel.of(network(host, DataType.FLOAT)), "a", variant);
                TrainingResult found = builder(host, resumed, !before)
                        .resume(states.get(0))
                        .build()
                        .fit(batches(host));
                assertThat(states.get(0).iteration()).isEqualTo(3);
                assertThat(found.iterations()).isEqualTo(expected.iterations()).isEqualTo(10);
                assertThat(found.finalLoss()).isEqualTo(expected.finalLoss());
                assertSameBits(resumed.parameters(), through.parameters());
            }
        }
    }

    @Test
    @Tag("slow")
    void trainingsTogetherGiveTheSameBits() {
        for (Host host : Host.values()) {
            List<LoRAModel> models = new ArrayList<>();
            for (boolean recompute : new boolean[] {false, true}) {
                LoRAModel model = LoRAModel.of(network(host, DataType.FLOAT));
                MultiTrainer trainer = new MultiTrainer();
                for (String variant : List.of("lora", "dora with dropout", "table")) {
                    trainer.add(
                            builder(host, adapter(model, variant, variant), recompute && variant.equals("lora"))
                                    .build(),
                            batches(host));
                }
                trainer.fit().forEach(outcome -> assertThat(outcome.failure()).isEmpty());
                models.add(model);
            }
            for (String variant : List.of("lora", "dora with dropout", "table")) {
                assertSameBits(models.get(1).parameters(variant), models.get(0).parameters(variant));
            }
        }
    }

    @Test
    void findsTheLayerWhoseOutputIsNotFinite() {
        for (Host host : List.of(Host.LLAMA, Host.ENCODER, Host.RELATIVE)) {
            Network network = network(host, DataType.FLOAT);
            String path = host == Host.LLAMA ? "layers.0.o" : "layer.1.up";
            network.linear(path).weight().assign(1e38);
            Trainer trainer = builder(host, network, true).build();
            Trainer plain = builder(host, network, false).build();
            List<String> places = new ArrayList<>();
            for (Trainer one : List.of(plain, trainer)) {
                assertThatExceptionOfType(DivergedException.class)
                        .isThrownBy(() -> one.fit(batches(host)))
                        .satisfies(e -> places.add(e.place()));
            }
            assertThat(places.get(1)).isEqualTo(places.get(0));
        }
    }
}
