package org.lora4j.io.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.SmallModels.assertSameBits;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.Logged;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.internal.memory.ArrayFingerprint;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class PeftAdaptersTest {
    private static final String TENSORS = "adapter_model.safetensors";

    @TempDir
    private Path folder;

    private static Network base(DataType type) {
        return Network.builder(5)
                .dataType(type)
                .linear("net.layers.0.fc", 6)
                .relu()
                .linear("net.layers.1.fc", 4, false)
                .relu()
                .linear("head", 3)
                .build(3);
    }

    private static INDArray random(long seed, long... shape) {
        return RandomArrays.gaussian(new SplittableRandom(seed), 1, DataType.FLOAT, shape);
    }

    private static LoRAConfigBuilder config() {
        return LoRAConfig.builder().rank(2).alpha(3).targetModules("fc").seed(11);
    }

    private static List<UnaryOperator<LoRAConfigBuilder>> variants() {
        return List.of(
                plain -> plain,
                dora -> dora.dora(true),
                rslora -> rslora.rankStabilized(true).seed(Long.MIN_VALUE),
                loraBias -> loraBias.loraBias(true),
                biases -> biases.bias(BiasTraining.LORA_ONLY),
                allBiases -> allBiases.bias(BiasTraining.ALL),
                saved -> saved.modulesToSave("head"),
                savedAndBiases -> savedAndBiases.modulesToSave("head").bias(BiasTraining.ALL),
                patterns -> patterns.rankPattern(Map.of("0.fc", 3)).alphaPattern(Map.of("1.fc", 0.5)),
                regex -> regex.targetModules(TargetModules.regex("net.*|head")),
                layers -> layers.layersToTransform(List.of(1)).layersPattern(List.of("layers")),
                excluded -> excluded.excludeModules(TargetModules.of("1.fc")),
                dropout -> dropout.dropout(0.25).init(LoRAInit.gaussianByRank()),
                orthogonal -> orthogonal.init(LoRAInit.orthogonal()).fanInFanOut(true));
    }

    /** A model whose adapter's every array is away from its beginning. */
    private static LoRAModel trained(Network base, LoRAConfig config) {
        LoRAModel model = LoRAModel.of(base);
        model.add("trained", config);
        long[] seed = {0};
        model.parameters("trained").forEach(parameter -> {
            INDArray noise = random(seed[0]++, parameter.value().shape()).mul(0.1);
            parameter.value().addi(noise.castTo(base.dataType()));
        });
        return model;
    }

    private static LoRAWeights weights(LoRAAdapter adapter, String path) {
        return Objects.requireNonNull(adapter.weights().get(path));
    }

    private static void assertSame(LoRAAdapter actual, LoRAAdapter expected) {
        assertThat(actual).isEqualTo(expected);
        assertThat(List.copyOf(actual.weights().keySet()))
                .isEqualTo(List.copyOf(expected.weights().keySet()));
    }

    @ParameterizedTest
    @MethodSource("variants")
    void aRoundTripKeepsEveryBitOfEachVariant(UnaryOperator<LoRAConfigBuilder> variant) throws Exception {
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            Network base = base(type);
            LoRAModel model = trained(base, variant.apply(config()).build());
            LoRAAdapter saved = model.adapter("trained");
            PeftAdapters.save(saved, base, folder);

            LoRAAdapter loaded = PeftAdapters.load(folder, base(type), ReadOptions.of(FingerprintCheck.REQUIRE));

            assertSame(loaded, saved);
            PeftAdapters.save(loaded, base, folder.resolve("again"));
            for (String file : List.of("adapter_config.json", "adapter_model.safetensors")) {
                assertThat(folder.resolve("again").resolve(file)).hasSameBinaryContentAs(folder.resolve(file));
            }
            LoRAModel other = LoRAModel.of(base(type));
            other.add("loaded", loaded);
            INDArray x = random(9, 4, 5).castTo(type);
            assertSameBits(other.predict(x), model.predict(x));
            if (type == DataType.FLOAT) {
                PeftAdapters.save(saved, folder);
                assertThat(PeftAdapters.load(folder)).isEqualTo(saved);
            }
        }
    }

    static List<LoRAInit> changing() {
        return List.of(LoRAInit.pissa(), LoRAInit.olora());
    }

    @ParameterizedTest
    @MethodSource("changing")
    void storesAdaptersThatTookFromTheBaseAsOrdinaryOnes(LoRAInit init) throws Exception {
        Network base = base(DataType.FLOAT);
        LoRAModel model = trained(base, config().init(init).build());
        PeftAdapters.save(model.adapter("trained"), base, folder);

        LoRAAdapter loaded = PeftAdapters.load(folder, base);

        assertThat(loaded.config().rank()).isEqualTo(4);
        LoRAModel other = LoRAModel.of(base(DataType.FLOAT));
        other.add("loaded", loaded);
        Golden.assertClose("output", model.predict(random(9, 4, 5)), other.predict(random(9, 4, 5)));
    }

    @Test
    void storesTheLayersOfAllLinear() throws Exception {
        Network base = base(DataType.FLOAT);
        LoRAModel model =
                trained(base, config().targetModules(TargetModules.allLinear()).build());
        PeftAdapters.save(model.adapter("trained"), base, folder);
        LoRAAdapter loaded = PeftAdapters.load(folder, base);
        assertThat(loaded.config().targetModules())
                .isEqualTo(TargetModules.of("net.layers.0.fc", "net.layers.1.fc", "head"));
        assertThat(loaded.weights()).isEqualTo(model.adapter("trained").weights());
    }

    @Test
    void refusesToWriteWhatReadersWouldMisread() {
        Network base = base(DataType.FLOAT);
        LoRAAdapter adapter = trained(base, config().build()).adapter("trained");
        LoRAAdapter otherRank =
                new LoRAAdapter(config().rank(3).build(), adapter.weights(), adapter.biases(), Map.of());
        LoRAAdapter otherTargets =
                new LoRAAdapter(config().targetModules("0.fc").build(), adapter.weights());
        for (LoRAAdapter wrong : List.of(otherRank, otherTargets)) {
            assertThatThrownBy(() -> PeftAdapters.save(wrong, folder.resolve("a")))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("an adapter's arrays must be those its configuration says: ");
        }
        LoRAAdapter fewer =
                new LoRAAdapter(config().build(), Map.of("net.layers.0.fc", weights(adapter, "net.layers.0.fc")));
        assertThatThrownBy(() -> PeftAdapters.save(fewer, base, folder.resolve("a")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("missing: 'base_model.model.net.layers.1.fc.lora_A.weight'");
        assertThat(folder.resolve("a")).doesNotExist();
    }

    @Test
    void readsASetOfWhichTheDefaultLiesInTheFolderItself() throws Exception {
        Network base = base(DataType.FLOAT);
        LoRAAdapter one = trained(base, config().build()).adapter("trained");
        LoRAAdapter two = trained(base, config().rank(1).build()).adapter("trained");
        Map<String, LoRAAdapter> set = new LinkedHashMap<>();
        set.put("b", one);
        set.put("default", two);
        set.put("a \u00fc-1.0", two);
        PeftAdapters.saveAll(set, base, folder);
        Files.createDirectories(folder.resolve("checkpoints/of/others"));
        Files.writeString(folder.resolve("README.md"), "notes");
        PeftAdapters.saveAll(Map.of("c", one), folder);

        Map<String, LoRAAdapter> loaded = PeftAdapters.loadAll(folder, base);

        assertThat(List.copyOf(loaded.keySet())).isEqualTo(List.of("default", "a \u00fc-1.0", "b", "c"));
        assertThat(loaded).containsAllEntriesOf(set).containsEntry("c", one);
        assertThat(PeftAdapters.loadAll(folder)).isEqualTo(loaded);
        assertThat(folder.resolve("adapter_config.json")).exists();
        assertThat(folder.resolve("default")).doesNotExist();
        assertThat(PeftAdapters.load(folder.resolve("b"))).isEqualTo(one);
    }

    @Test
    void refusesADefaultInTwoPlacesAndTellsOfTheAdapterThatIsWrong() throws Exception {
        LoRAAdapter one = trained(base(DataType.FLOAT), config().build()).adapter("trained");
        PeftAdapters.save(one, folder);
        PeftAdapters.save(one, folder.resolve("default"));
        assertThatThrownBy(() -> PeftAdapters.loadAll(folder))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("'default' must be that of one adapter");
        assertThat(PeftAdapters.loadAll(Files.createDirectories(folder.resolve("empty"))))
                .isEmpty();
        LoRAAdapter wrong = new LoRAAdapter(config().rank(7).build(), one.weights());
        assertThatThrownBy(() -> PeftAdapters.saveAll(Map.of("w", wrong), folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("adapter 'w': ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                ".",
                "..",
                "../x",
                "a/b",
                "a\\b",
                "/etc",
                "C:",
                ".hidden",
                "dot.",
                "space ",
                "nul",
                "COM1.txt",
                "a\nb",
                "a*",
                "__base__",
                "\ud800"
            })
    void refusesNamesThatAreNoFolders(String name) {
        LoRAAdapter one = trained(base(DataType.FLOAT), config().build()).adapter("trained");
        Map<String, LoRAAdapter> set = new LinkedHashMap<>();
        set.put("good", one);
        set.put(name, one);
        assertThatThrownBy(() -> PeftAdapters.saveAll(set, folder.resolve("set")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("adapters' names must be names of folders on every platform");
        assertThat(folder.resolve("set")).doesNotExist();
    }

    @Test
    void refusesNamesThatDifferInCaseAloneOrAreTooLong() {
        LoRAAdapter one = trained(base(DataType.FLOAT), config().build()).adapter("trained");
        for (Map<String, LoRAAdapter> set : List.of(Map.of("a", one, "A", one), Map.of("x".repeat(121), one))) {
            assertThatThrownBy(() -> PeftAdapters.saveAll(set, folder)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static void change(Network base, String path) {
        Linear linear = base.linear(path);
        linear.weight().putScalar(0, 1, 42);
    }

    @Test
    void tellsOfAnotherBase() throws Exception {
        Network base = base(DataType.FLOAT);
        LoRAAdapter adapter = trained(base, config().build()).adapter("trained");
        PeftAdapters.save(adapter, base, folder);
        Network other = base(DataType.FLOAT);
        change(other, "net.layers.1.fc");
        change(other, "head");

        try (Logged logged = Logged.by(Fingerprint.class)) {
            PeftAdapters.load(folder, base);
            PeftAdapters.load(folder, other, ReadOptions.of(FingerprintCheck.IGNORE));
            PeftAdapters.load(folder);
            assertThat(logged.messages()).isEmpty();
            assertThat(PeftAdapters.load(folder, other)).isEqualTo(adapter);
            assertThat(logged.messages())
                    .containsExactly("WARN " + folder + ": the adapter was saved with another base: the weights of"
                            + " 'net.layers.1.fc' differ");
        }
        assertThat(PeftAdapters.load(folder, base, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isEqualTo(adapter);
        assertThatThrownBy(() -> PeftAdapters.load(folder, other, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("found other weights in 'net.layers.1.fc'");
    }

    @Test
    void takesAdaptersWithoutFingerprintsUnlessTheyAreRequired() throws Exception {
        Network base = base(DataType.FLOAT);
        LoRAAdapter adapter = trained(base, config().build()).adapter("trained");
        PeftAdapters.save(adapter, folder);
        try (Logged logged = Logged.by(Fingerprint.class)) {
            assertThat(PeftAdapters.load(folder, base)).isEqualTo(adapter);
            assertThat(logged.messages()).isEmpty();
        }
        assertThatThrownBy(() -> PeftAdapters.load(folder, base, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("found none for 'net.layers.0.fc', 'net.layers.1.fc'");
    }

    @Test
    void anAdapterOfOthersKeepsTheFingerprintsOnWhichTheyAgree() throws Exception {
        Network base = base(DataType.FLOAT);
        LoRAAdapter adapter = trained(base, config().build()).adapter("trained");
        Path one = folder.resolve("one");
        Path lower = folder.resolve("lower");
        Path other = folder.resolve("other");
        Path none = folder.resolve("none");
        Path result = folder.resolve("result");
        PeftAdapters.save(adapter, base, one);
        PeftAdapters.save(trained(base, config().targetModules("0.fc").build()).adapter("trained"), base, lower);
        Network others = base(DataType.FLOAT);
        change(others, "net.layers.1.fc");
        PeftAdapters.save(adapter, others, other);
        PeftAdapters.save(adapter, none);

        saveOf(adapter, List.of(lower, one), result);
        assertThat(PeftAdapters.load(result, base, ReadOptions.of(FingerprintCheck.REQUIRE))
                        .weights())
                .isEqualTo(adapter.weights());
        assertThat(SafeTensors.read(result.resolve(TENSORS)).metadata())
                .isEqualTo(SafeTensors.read(one.resolve(TENSORS)).metadata());
        try (Logged logged = Logged.by(Fingerprint.class)) {
            for (List<Path> sources : List.of(List.of(one, other), List.of(none, one))) {
                saveOf(adapter, sources, result);
                assertThat(SafeTensors.read(result.resolve(TENSORS)).metadata())
                        .isEqualTo(SafeTensors.read(none.resolve(TENSORS)).metadata());
            }
            assertThat(logged.messages())
                    .singleElement()
                    .asString()
                    .contains("saved with different bases: the weights of net.layers.1.fc differ");
        }
        assertThatThrownBy(() -> PeftFiles.of(adapter, List.<PeftFiles>of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static void saveOf(LoRAAdapter adapter, List<Path> sources, Path result) throws IOException {
        List<PeftFiles> files = new ArrayList<>();
        for (Path source : sources) {
            files.add(PeftAdapters.read(source));
        }
        PeftFiles.of(adapter, files).save(result);
    }

    /** What is read of them is of one moment, also when the folder has another adapter meanwhile. */
    @Test
    void filesThatWereReadStayThoseOfTheirMoment() throws Exception {
        Network base = base(DataType.FLOAT);
        LoRAAdapter first = trained(base, config().build()).adapter("trained");
        LoRAAdapter second = trained(base, config().alpha(5).build()).adapter("trained");
        PeftAdapters.save(first, base, folder);
        PeftFiles files = PeftAdapters.read(folder);
        long length = Files.size(folder.resolve(TENSORS));
        PeftAdapters.save(second, folder);
        assertThat(PeftAdapters.load(folder, base)).isEqualTo(second).isNotEqualTo(first);

        assertThat(files.adapter()).isEqualTo(first);
        assertThat(files.adapter(base)).isEqualTo(first);
        assertThat(files.adapter(base, FingerprintCheck.REQUIRE)).isEqualTo(first);
        assertThat(files.fingerprintCount()).isEqualTo(first.weights().size());
        assertThat(files.tensorsLength()).isEqualTo(length);
        assertThatThrownBy(() -> PeftAdapters.read(folder.resolve("none")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none");
    }

    @Test
    void fingerprintsAreOfValuesShapeAndType() {
        INDArray weight = random(1, 3, 4);
        String expected = ArrayFingerprint.of(weight);
        assertThat(expected).matches("[0-9a-f]{64}");
        assertThat(ArrayFingerprint.of(weight.dup('f'))).isEqualTo(expected);
        assertThat(Stream.of(
                                weight.dup('c').reshape('c', 4, 3),
                                weight.castTo(DataType.DOUBLE),
                                weight.add(1e-6f),
                                weight.neg())
                        .map(ArrayFingerprint::of))
                .doesNotContain(expected)
                .doesNotHaveDuplicates();
    }

    @Test
    void theFingerprintOfAWeightIsWhatItSays() {
        // SHA-256 of "F32 [1, 2]\n", 0000803f, 000000c0.
        assertThat(ArrayFingerprint.of(Nd4j.createFromArray(new float[][] {{1, -2}})))
                .isEqualTo("9c20e3eea4d49a358deb5ece1573489b8f3a26411109e2dd672f55a556339468");
    }

    @Test
    void metadataTellPeftWhatItExpects() throws Exception {
        Network base = base(DataType.FLOAT);
        LoRAAdapter adapter = trained(base, config().build()).adapter("trained");
        PeftAdapters.save(adapter, base, folder);
        assertThat(SafeTensors.read(folder.resolve("adapter_model.safetensors")).metadata())
                .containsEntry("format", "pt")
                .containsEntry("lora4j.seed", "11")
                .containsOnlyKeys(
                        "format",
                        "lora4j.seed",
                        "lora4j.config",
                        "lora4j.base.net.layers.0.fc",
                        "lora4j.base.net.layers.1.fc");
    }

    @Test
    void anAdapterThatWasLoadedCanBeTrainedOnAndSavedAgain() throws Exception {
        Network base = base(DataType.FLOAT);
        LoRAAdapter adapter = trained(base, config().build()).adapter("trained");
        PeftAdapters.save(adapter, base, folder);
        LoRAModel model = LoRAModel.of(base);
        model.add("loaded", PeftAdapters.load(folder, base));
        assertThat(model.parameters("loaded")).noneMatch(parameter -> parameter.isTrainable());
        model.setTrainable("loaded");
        model.parameters("loaded").forEach(parameter -> parameter.value().addi(1));
        PeftAdapters.save(model.adapter("loaded"), base, folder);
        LoRAWeights again = weights(PeftAdapters.load(folder, base), "net.layers.0.fc");
        assertThat(again.loraA())
                .isEqualTo(weights(adapter, "net.layers.0.fc").loraA().add(1));
    }

    @Test
    void aFailureToWriteIsReported() throws IOException {
        LoRAAdapter one = trained(base(DataType.FLOAT), config().build()).adapter("trained");
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> PeftAdapters.save(one, file)).isInstanceOf(IOException.class);
    }

    @Test
    void doesNotWarnOfMissingBiasesWhereTheBaseHasNone() throws IOException {
        Network base = Network.builder(4).linear("only", 3, false).build(1);
        LoRAModel model = LoRAModel.of(base);
        model.add(
                        "a",
                        config().targetModules("only")
                                .bias(BiasTraining.LORA_ONLY)
                                .build())
                .save(folder);
        try (Logged logged = Logged.by(PeftTensors.class)) {
            assertThat(model.load("b", folder).adapter()).isEqualTo(model.adapter("a"));
            assertThat(logged.messages()).isEmpty();
        }
    }
}
