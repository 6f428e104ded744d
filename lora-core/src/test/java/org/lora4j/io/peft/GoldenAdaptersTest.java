package org.lora4j.io.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.RawFile;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Adapters that PEFT wrote, what it computed with them, and that they are written again as they were. */
@Tag("numbers")
class GoldenAdaptersTest {
    /** PEFT's defaults that are not null. */
    private static final Map<String, Object> DEFAULTS = Map.ofEntries(
            Map.entry("alpha_pattern", Map.of()),
            Map.entry("ensure_weight_tying", false),
            Map.entry("loftq_config", Map.of()),
            Map.entry("lora_bias", false),
            Map.entry("megatron_core", "megatron.core"),
            Map.entry("qalora_group_size", 16),
            Map.entry("rank_pattern", Map.of()),
            Map.entry("use_dora", false),
            Map.entry("use_qalora", false),
            Map.entry("use_rslora", false));

    /** Keys that old versions of PEFT do not know, so that they must not be written at their defaults. */
    private static final Set<String> KNOWN_LATER = DEFAULTS.keySet();

    private static final String PISSA = "pissa_r3/adapter_converted";

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bias_all",
                "bias_lora_only",
                "dora_r3_a6",
                "exclude",
                "lora_bias",
                "lora_r4_a16",
                "modules_to_save",
                "patterns",
                "regex_target",
                "rslora_r8_a4"
            })
    void computesWhatTheReferenceComputes(String name) throws Exception {
        Golden golden = Golden.of(name);
        Network base = golden.base();
        LoRAAdapter adapter = PeftAdapters.load(golden.folder().resolve("adapter"), base);
        LoRAModel model = LoRAModel.of(base);

        model.add("fresh", adapter.config().toBuilder().seed(1).build());
        golden.assertOutput("y_init", model.predict(golden.x()));
        golden.assertOutput("y_base", model.predict(golden.x()));
        model.delete("fresh");

        model.add("adapter", adapter);
        golden.assertOutput("y_adapter", model.predict(golden.x()));
        try (LoRAModel.Scope scope = model.disable()) {
            assertThat(scope).isNotNull();
            golden.assertOutput("y_base", model.predict(golden.x()));
            assertThat(model.predict(golden.x())).isEqualTo(golden.base().predict(golden.x()));
        }
        LoRAModel disabled = LoRAModel.of(golden.base());
        disabled.add("biases", biasesAlone(adapter));
        golden.assertOutput("y_disabled", disabled.predict(golden.x()));
        golden.assertMerged(model.merge("adapter"));
        golden.assertOutput("y_merged", model.merge("adapter").predict(golden.x()));
        model.mergeForPrediction();
        golden.assertOutput("y_merged", model.predict(golden.x()));
        model.unmerge();
        golden.assertOutput("y_adapter", model.predict(golden.x()));
    }

    /** What the reference leaves of an adapter that is disabled: the biases, which it trains in place. Here they go too. */
    private static LoRAAdapter biasesAlone(LoRAAdapter adapter) {
        Map<String, LoRAWeights> zeros = new LinkedHashMap<>();
        adapter.weights().forEach((path, weights) -> {
            INDArray b = weights.loraB();
            zeros.put(path, new LoRAWeights(weights.loraA(), Nd4j.zeros(b.dataType(), b.shape())));
        });
        return new LoRAAdapter(
                adapter.config().toBuilder().dora(false).loraBias(false).build(), zeros, adapter.biases(), Map.of());
    }

    @Test
    void computesWithSeveralAdapters() throws Exception {
        Golden golden = Golden.of("multi_weighted");
        Network base = golden.base();
        LoRAModel model = LoRAModel.of(base);
        golden.assertOutput("y_base", model.predict(golden.x()));

        PeftAdapters.loadAll(golden.folder().resolve("adapters"), base).forEach(model::add);

        assertThat(model.names()).containsExactly("a", "b", "c");
        for (String name : model.names()) {
            golden.assertOutput("y_" + name, model.using(name).predict(golden.x()));
        }
        golden.assertOutput("y_a_and_b_active", model.using("a", "b").predict(golden.x()));
        golden.assertOutput("y_a_and_c_active", model.using("a", "c").predict(golden.x()));
        model.activate("a", "c");
        golden.assertOutput("y_a_and_c_active", model.predict(golden.x()));
        assertThat(golden.mixedBatch()).contains(LoRAModel.BASE).hasSize(7);
        golden.assertOutput("y_mixed_batch", model.predict(golden.x(), golden.mixedBatch()));
    }

    @Test
    void initializesWithPissaAsTheReferenceDoes() throws Exception {
        Golden golden = Golden.of("pissa_r3");
        Network base = golden.base();
        for (Linear linear : base.linears()) {
            INDArray weight = linear.weight();
            LoRAConfig config =
                    LoRAConfig.builder().rank(3).alpha(6).init(LoRAInit.pissa()).build();
            INDArray delta = LoRAWeights.initialize(linear, config).delta(weight, 2);
            golden.assertOutput("delta_init." + linear.path(), delta);
            golden.assertOutput("residual." + linear.path() + ".weight", weight.sub(delta));
        }
        LoRAModel model = LoRAModel.of(base);
        model.add(
                "fresh",
                LoRAConfig.builder().rank(3).alpha(6).init(LoRAInit.pissa()).build());
        golden.assertOutput("y_init", model.predict(golden.x()));
        golden.assertOutput("y_base", model.predict(golden.x()));
    }

    @Test
    void computesWithConvertedPissa() throws Exception {
        Golden golden = Golden.of("pissa_r3");
        Network base = golden.base();
        LoRAModel model = LoRAModel.of(base);
        model.add("pissa", PeftAdapters.load(RawFile.golden(PISSA), base));
        golden.assertOutput("y_adapter", model.predict(golden.x()));
        golden.assertOutput("y_adapter", model.merge("pissa").predict(golden.x()));
    }

    /** PEFT's conversion puts the trained factors first, so they can be taken back from it. */
    @Test
    void computesWithPissaThatWasNotConverted() throws Exception {
        Golden golden = Golden.of("pissa_r3");
        Network base = golden.base();
        LoRAAdapter converted = PeftAdapters.load(RawFile.golden(PISSA), base);
        Map<String, LoRAWeights> trained = new LinkedHashMap<>();
        converted
                .weights()
                .forEach((path, weights) -> trained.put(
                        path,
                        new LoRAWeights(
                                weights.loraA()
                                        .get(NDArrayIndex.interval(0, 3), NDArrayIndex.all())
                                        .dup('c'),
                                weights.loraB()
                                        .get(NDArrayIndex.all(), NDArrayIndex.interval(0, 3))
                                        .dup('c'))));
        PeftFiles files = PeftFiles.of(
                new LoRAAdapter(converted.config().toBuilder().rank(3).alpha(6).build(), trained));
        byte[] config = withInit(files, "pissa");
        LoRAAdapter read = PeftFiles.read(config, files.tensors()).adapter(base);
        assertThat(read.config().rank()).isEqualTo(6);
        for (Linear linear : base.linears()) {
            Golden.assertClose(linear.path(), converted.delta(linear), read.delta(linear));
        }
        LoRAModel model = LoRAModel.of(base);
        model.add("pissa", read);
        golden.assertOutput("y_adapter", model.predict(golden.x()));

        assertThatThrownBy(() -> PeftFiles.read(config, files.tensors()).adapter())
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("found 'pissa', which changes it")
                .hasMessageEndingWith(", or load it with its base");
        assertThatThrownBy(() -> PeftFiles.read(withInit(files, "pissa_niter_4"), files.tensors())
                        .adapter(base))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("depends on random numbers or data that the files do not have");
    }

    private static byte[] withInit(PeftFiles files, String init) {
        String config = new String(files.config(), StandardCharsets.UTF_8);
        assertThat(config).contains("\"init_lora_weights\": true");
        return config.replace("\"init_lora_weights\": true", "\"init_lora_weights\": \"" + init + "\"")
                .getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void computesWithOloraThatWasNotConverted() throws Exception {
        Network base = Golden.of("pissa_r3").base();
        LoRAConfig config = LoRAConfig.builder()
                .rank(3)
                .alpha(5)
                .rankPattern(Map.of("linear2", 2))
                .rankStabilized(true)
                .init(LoRAInit.olora())
                .build();
        LoRAAdapter.Initialized fresh = LoRAAdapter.initialize(base, config);
        fresh.adapter().weights().values().forEach(weights -> weights.loraA().addi(0.1));
        PeftFiles files = PeftFiles.of(fresh.adapter());
        LoRAAdapter read =
                PeftFiles.read(withInit(files, "olora"), files.tensors()).adapter(base);
        LoRAAdapter expected = fresh.adapter().againstBase(fresh.subtracted());
        for (Linear linear : base.linears()) {
            Golden.assertClose(linear.path(), expected.delta(linear), read.delta(linear));
            assertThat(read.delta(linear).norm2Number().doubleValue()).isGreaterThan(0.1);
        }
        assertThat(expected.againstBase(base)).isSameAs(expected);
        LoRAConfig approximated = config.toBuilder().init(LoRAInit.pissa(4)).build();
        assertThatThrownBy(() -> new LoRAAdapter(approximated, fresh.adapter().weights()).againstBase(base))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("which depends on random numbers");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bias_all/adapter",
                "bias_lora_only/adapter",
                "dora_r3_a6/adapter",
                "exclude/adapter",
                "lora_bias/adapter",
                "lora_r4_a16/adapter",
                "modules_to_save/adapter",
                "multi_weighted/adapters/a",
                "multi_weighted/adapters/b",
                "multi_weighted/adapters/c",
                "patterns/adapter",
                PISSA,
                "regex_target/adapter",
                "rslora_r8_a4/adapter",
                "train_lora_adam/adapter_initial",
                "train_lora_adam/adapter_trained",
                "train_lora_sgd/adapter_trained"
            })
    void writesWhatItRead(String path) throws Exception {
        Path golden = RawFile.golden(path);
        Golden goldenCase = Golden.of(path.substring(0, path.indexOf('/')));

        PeftAdapters.save(PeftAdapters.load(golden), folder.resolve("alone"));
        Network base = goldenCase.base();
        LoRAModel model = LoRAModel.of(base);
        model.add("copy", PeftAdapters.load(golden, base));
        PeftAdapters.save(model.adapter("copy"), base, folder.resolve("copy"));

        for (String name : List.of("alone", "copy")) {
            assertSameTensors(golden, folder.resolve(name));
            assertSameConfig(golden, folder.resolve(name));
        }
        assertThat(PeftAdapters.load(folder.resolve("copy"), base, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .usingRecursiveComparison()
                .ignoringFieldsOfTypes(INDArray.class)
                .isEqualTo(PeftAdapters.load(golden, base));
    }

    private static void assertSameTensors(Path expected, Path actual) throws Exception {
        Path file = Path.of("adapter_model.safetensors");
        SafeTensors read = SafeTensors.read(expected.resolve(file));
        SafeTensors written = SafeTensors.read(actual.resolve(file));
        assertThat(List.copyOf(written.names())).isEqualTo(List.copyOf(read.names()));
        for (String name : read.names()) {
            assertThat(written.dtype(name)).isEqualTo(read.dtype(name));
            assertThat(written.shape(name)).isEqualTo(read.shape(name));
        }
        assertThat(written.metadata()).containsEntry("format", "pt");
        assertThat(RawFile.data(Files.readAllBytes(actual.resolve(file))))
                .isEqualTo(RawFile.data(Files.readAllBytes(expected.resolve(file))));
    }

    /** The configurations mean the same: a key that is absent or null has PEFT's default. */
    private static void assertSameConfig(Path expected, Path actual) throws Exception {
        Path file = Path.of("adapter_config.json");
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode read = (ObjectNode) mapper.readTree(expected.resolve(file).toFile());
        ObjectNode written = (ObjectNode) mapper.readTree(actual.resolve(file).toFile());
        List<String> names = new ArrayList<>();
        written.fieldNames().forEachRemaining(names::add);
        assertThat(names).isSorted();
        DEFAULTS.forEach((key, value) -> {
            JsonNode byDefault = mapper.valueToTree(value);
            read.putIfAbsent(key, byDefault);
            if (KNOWN_LATER.contains(key)) {
                assertThat(written.get(key)).as(key).isNotEqualTo(byDefault);
            }
            written.putIfAbsent(key, byDefault);
        });
        read.remove("peft_version");
        assertThat(withoutNulls(written)).isEqualTo(withoutNulls(read));
    }

    private static ObjectNode withoutNulls(ObjectNode object) {
        List<String> nulls = new ArrayList<>();
        object.properties().stream()
                .filter(field -> field.getValue().isNull())
                .forEach(field -> nulls.add(field.getKey()));
        return object.remove(nulls);
    }
}
