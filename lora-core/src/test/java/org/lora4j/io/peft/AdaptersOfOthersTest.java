package org.lora4j.io.peft;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.internal.Logged;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** Spellings and features of adapters that other programs write. What they compute must not depend on the spelling. */
class AdaptersOfOthersTest {
    private static final String PREFIX = "base_model.model.";
    private static final String FC = "model.layers.0.fc";
    private static final String TARGETS = "\"target_modules\": [\"fc\"]";

    @TempDir
    private Path folder;

    private final Map<String, INDArray> tensors = new LinkedHashMap<>();
    private final Network base = Network.builder(3)
            .linear(FC, 3)
            .relu()
            .linear("model.layers.1.fc", 4)
            .linear("classifier", 2)
            .build(1);
    private final INDArray x = Nd4j.rand(DataType.FLOAT, 5, 3);

    AdaptersOfOthersTest() {
        adapt(FC, 3, 3);
        adapt("model.layers.1.fc", 3, 4);
    }

    private void adapt(String path, int in, int out) {
        tensors.put(PREFIX + path + ".lora_A.weight", Nd4j.rand(DataType.FLOAT, 2, in));
        tensors.put(PREFIX + path + ".lora_B.weight", Nd4j.rand(DataType.FLOAT, out, 2));
    }

    private void write(Map<String, INDArray> stored, String fields) throws IOException {
        Files.writeString(folder.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"r\": 2, " + fields + "}");
        SafeTensors.of(stored, Map.of("format", "pt")).write(folder.resolve("adapter_model.safetensors"));
    }

    private LoRAAdapter read(String fields) throws IOException {
        write(tensors, fields);
        return PeftAdapters.load(folder, base);
    }

    private INDArray predict(LoRAAdapter adapter) {
        return LoRAModel.of(base).add("a", adapter).predict(x);
    }

    /** Saves an adapter and reads it again, and returns the configuration that was written. */
    private JsonNode saved(LoRAAdapter adapter) throws IOException {
        Path again = folder.resolve("again");
        PeftAdapters.save(adapter, base, again);
        assertThat(PeftAdapters.load(again, base, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isEqualTo(adapter);
        return new ObjectMapper().readTree(again.resolve("adapter_config.json").toFile());
    }

    @Test
    void takesCopiesOfTheBaseThatAreEqualToIt() throws Exception {
        INDArray plain = predict(read(TARGETS));
        INDArray weight = base.linear(FC).weight();
        INDArray bias = requireNonNull(base.linear(FC).bias());
        tensors.put(PREFIX + FC + ".base_layer.weight", weight.dup());
        tensors.put(PREFIX + FC + ".base_layer.bias", bias.dup());

        assertThat(predict(read(TARGETS))).isEqualTo(plain);
        tensors.put(PREFIX + FC + ".base_layer.weight", weight.castTo(DataType.BFLOAT16));
        assertThat(predict(read(TARGETS))).as("a copy in half precision").isEqualTo(plain);
        tensors.put(PREFIX + FC + ".base_layer.weight", weight.castTo(DataType.FLOAT16));
        assertThat(predict(read(TARGETS))).as("a copy in half precision").isEqualTo(plain);

        assertThat(PeftAdapters.load(folder).weights()).hasSize(2);
        saved(PeftAdapters.load(folder, base));
        assertThat(SafeTensors.readHeader(folder.resolve("again/adapter_model.safetensors"))
                        .names())
                .noneMatch(name -> name.contains("base_layer"));
    }

    @Test
    void refusesCopiesOfAnotherBase() {
        INDArray weight = base.linear(FC).weight();
        INDArray bias = requireNonNull(base.linear(FC).bias());
        tensors.put(PREFIX + FC + ".base_layer.weight", weight.add(0.001));
        tensors.put(PREFIX + FC + ".base_layer.bias", bias.dup());
        assertThatThrownBy(() -> read(TARGETS))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("'" + PREFIX + FC + ".base_layer.weight' must be a copy of the base's, since PEFT"
                        + " computes with it, found another");
        tensors.put(PREFIX + FC + ".base_layer.weight", weight.dup());
        tensors.put(PREFIX + FC + ".base_layer.bias", bias.add(0.001));
        assertThatThrownBy(() -> read(TARGETS)).hasMessageContaining("base_layer.bias' must be a copy of the base's");
        tensors.put(PREFIX + FC + ".base_layer.weight", Nd4j.ones(DataType.FLOAT, 4, 3));
        assertThatThrownBy(() -> read(TARGETS)).hasMessageContaining("base_layer.weight' must be a copy of the base's");
    }

    @Test
    void takesTheMiddleOneOfThreeBiasesOfAHead() throws Exception {
        INDArray trained = Nd4j.createFromArray(3f, 4f);
        for (String path : new String[] {FC, "model.layers.1.fc"}) {
            tensors.put(
                    PREFIX + path + ".base_layer.bias",
                    requireNonNull(base.linear(path).bias()).add(1));
        }
        tensors.put(PREFIX + "classifier.weight", Nd4j.ones(DataType.FLOAT, 2, 4));
        tensors.put(PREFIX + "classifier.bias", Nd4j.createFromArray(1f, 2f));
        tensors.put(PREFIX + "classifier.modules_to_save.bias", trained);
        tensors.put(PREFIX + "classifier.original_module.bias", Nd4j.createFromArray(5f, 6f));

        LoRAAdapter read = read(TARGETS + ", \"bias\": \"all\", \"modules_to_save\": [\"classifier\", \"score\"]");

        assertThat(requireNonNull(read.savedModules().get("classifier")).bias()).isEqualTo(trained);
        saved(read);
    }

    @Test
    void refusesTheSamePartTwice() {
        tensors.put(PREFIX + FC + ".lora_A.default.weight", Nd4j.ones(DataType.FLOAT, 2, 3));
        assertThatThrownBy(() -> read(TARGETS)).hasMessageContaining("each part of a layer must occur once");
    }

    @ParameterizedTest
    @ValueSource(strings = {".lora_velora_embed", ".lora_velora_embed.default", ".lora_velora_embed.weight"})
    void ignoresTheTrainingStateOfVeLoRA(String suffix) throws Exception {
        INDArray plain = predict(read(TARGETS));
        tensors.put(PREFIX + FC + suffix, Nd4j.rand(DataType.FLOAT, 2, 7));

        assertThat(predict(read(TARGETS + ", \"velora_config\": {\"rank\": 1}")))
                .isEqualTo(plain);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "^(model(?=\\\\.).*\\\\.(fc|down_proj))$",
                "^(model)(?!.*(lm_head|visual)).*fc",
                "model\\\\.(?!.*\\\\.experts\\\\.\\\\d).*fc",
                "(?<!x)model.*fc",
                "(model).*\\\\1?fc"
            })
    void keepsAnExpressionThatItDoesNotSupport(String expression) throws Exception {
        String field = "\"target_modules\": \"" + expression + "\"";
        LoRAAdapter read;
        try (Logged logged = Logged.by(PeftConfigReader.class)) {
            read = read(field);
            assertThat(logged.messages())
                    .singleElement()
                    .asString()
                    .contains("the expression for the modules is kept as a text");
        }

        assertThat(read.weights().keySet()).containsExactly(FC, "model.layers.1.fc");
        assertThat(predict(read)).isEqualTo(predict(read(TARGETS)));
        assertThat(saved(read).path("target_modules").textValue()).isEqualTo(expression.replace("\\\\", "\\"));
        LoRAAdapter alone = PeftAdapters.load(folder);
        assertThat(alone.weights().keySet()).containsExactlyInAnyOrder(FC, "model.layers.1.fc");
        assertThatIllegalArgumentException()
                .as("a new adapter")
                .isThrownBy(() -> LoRAAdapter.initialize(base, read.config()))
                .withMessageContaining("target modules must be a regular expression, found '")
                .withMessageEndingWith("; name the modules instead");
    }

    @Test
    void theTensorsDecideIfExcludedModulesAreNotSupported() throws Exception {
        tensors.keySet().removeIf(name -> name.contains("layers.1"));

        LoRAAdapter read = read(TARGETS + ", \"exclude_modules\": \"model(?=\\\\.).*1.fc\"");

        assertThat(read.weights().keySet()).containsExactly(FC);
        saved(read);
    }

    @Test
    void refusesAnAdapterOfAnUnsupportedExpressionWithHalfALayer() {
        tensors.remove(PREFIX + FC + ".lora_B.weight");
        assertThatThrownBy(() -> read("\"target_modules\": \"(?<!x)model.*fc\""))
                .hasMessageContaining("tensors are missing: '" + PREFIX + FC + ".lora_B.weight'");
    }

    @Test
    void trainsAnAdapterOfMiCAWithBFrozen() throws Exception {
        LoRAAdapter read = read(TARGETS + ", \"init_lora_weights\": \"MiCA\"");
        AdapterView view = LoRAModel.of(base).add("a", read);
        assertThat(view.predict(x)).isEqualTo(predict(read(TARGETS)));

        Trainer.builder(view)
                .build()
                .fit(new DataSet(x, Nd4j.ones(DataType.FLOAT, 5, 2).div(2)));

        LoRAAdapter trained = view.adapter();
        read.weights().forEach((path, weights) -> {
            assertThat(requireNonNull(trained.weights().get(path)).loraB())
                    .as(path)
                    .isEqualTo(weights.loraB());
            assertThat(requireNonNull(trained.weights().get(path)).loraA())
                    .as(path)
                    .isNotEqualTo(weights.loraA());
        });
        assertThat(saved(trained).path("init_lora_weights").textValue()).isEqualTo("mica");
    }

    @Test
    void startsMiCAWithTheMinorDirectionsOfTheWeight() {
        LoRAModel model = LoRAModel.of(base);
        AdapterView view = model.add(
                "a",
                LoRAConfig.builder()
                        .rank(2)
                        .init(LoRAInit.mica())
                        .targetModules("fc")
                        .build());

        assertThat(view.predict(x)).isEqualTo(base.predict(x));
        for (Parameter parameter : view.parameters()) {
            assertThat(parameter.isTrainable())
                    .as(parameter.name())
                    .isEqualTo(parameter.name().contains("lora_A"));
        }
        INDArray b = view.parameters().get(1).value().castTo(DataType.DOUBLE);
        INDArray weight = base.linear(FC).weight().castTo(DataType.DOUBLE);
        double share = b.transpose().mmul(weight).norm2Number().doubleValue();
        assertThat(b.transpose().mmul(b).sub(Nd4j.eye(2)).norm2Number().doubleValue())
                .isLessThan(1e-5);
        assertThat(share)
                .as("the two smaller of three singular values")
                .isLessThan(weight.norm2Number().doubleValue() * Math.sqrt(2.0 / 3));
    }

    @ParameterizedTest
    @CsvSource({
        "adapters.safetensors, 'an adapter of MLX'",
        "adapters.npz, 'an adapter of MLX'",
        "0000100_adapters.safetensors, 'an adapter of MLX'",
        "adapter_model.pt, 'a checkpoint of torchtune or PyTorch'",
        "adapter_0.pt, 'a checkpoint of torchtune or PyTorch'",
        "pytorch_lora_weights.safetensors, 'an adapter of diffusers'",
        "adapter_model.bin, 'a pickle, which is not read; save it in Python with safe_serialization=True'",
        "adapter_model-00001-of-00002.safetensors, 'tensors in several parts'",
        "adapter_model.safetensors.index.json, 'tensors in several parts'",
        "model.safetensors, 'a whole model; load it as a base'",
        "model-00001-of-00002.safetensors, 'a whole model; load it as a base'"
    })
    void namesWhatAFolderHasInstead(String file, String advice) throws Exception {
        Files.writeString(folder.resolve("adapter_config.json"), "{\"fine_tune_type\": \"lora\", \"num_layers\": 16}");
        Files.writeString(folder.resolve(file), "");

        assertThatThrownBy(() -> PeftAdapters.load(folder, base))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageStartingWith(folder + ": an adapter must have the file adapter_model.safetensors, found '"
                        + file + "', " + advice);
    }

    @Test
    void namesAdaptersInSubFolders() throws Exception {
        read(TARGETS);
        Path outer = Files.createDirectories(folder.resolve("outer"));
        PeftAdapters.save(PeftAdapters.load(folder), outer.resolve("checkpoint-100"));
        PeftAdapters.save(PeftAdapters.load(folder), outer.resolve("checkpoint-20"));

        assertThatThrownBy(() -> PeftAdapters.load(outer, base))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining(
                        "found adapters in the sub-folders 'checkpoint-100', 'checkpoint-20'; give one of them");
    }

    @Test
    void recognizesAPointerOfGitLfsInPlaceOfTheConfiguration() throws Exception {
        read(TARGETS);
        Files.writeString(folder.resolve("adapter_config.json"), "version https://git-lfs.github.com/spec/v1\noid x\n");

        assertThatThrownBy(() -> PeftAdapters.load(folder, base))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("found a Git LFS pointer; fetch the file itself with 'git lfs pull'");
    }

    @ParameterizedTest
    @CsvSource({
        "base_model.model., base_model.model._orig_mod.",
        "base_model.model., _orig_mod.base_model.model.",
        "base_model.model., module.base_model.model.",
        "base_model.model., module._orig_mod.base_model.model.",
        "base_model.model., base_model.model.module.",
        "base_model.model., _fsdp_wrapped_module.base_model.model.",
        "layers.0., layers.0._fsdp_wrapped_module.",
        "layers., layers._fsdp_wrapped_module._checkpoint_wrapped_module."
    })
    void readsNamesOfWrappedModels(String plain, String wrapped) throws Exception {
        INDArray expected = predict(read(TARGETS));
        Map<String, INDArray> renamed = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> renamed.put(name.replace(plain, wrapped), tensor));

        write(renamed, TARGETS);

        assertThat(predict(PeftAdapters.load(folder, base))).isEqualTo(expected);
    }

    @Test
    void keepsWhatPeftNeedsToOpenTheAdapterAgain() throws Exception {
        String kept =
                "\"task_type\": \"SEQ_CLS\", \"base_model_name_or_path\": \"bert-base-uncased\", \"revision\": \"main\","
                        + " \"auto_mapping\": {\"base_model_class\": \"Net\", \"parent_library\": \"transformers\"},"
                        + " \"use_new_thing\": false, \"new_list\": [], \"new_config\": null, \"new_rate\": 0.25,"
                        + " \"ensure_weight_tying\": true";
        JsonNode expected = new ObjectMapper().readTree("{" + kept + "}");

        LoRAAdapter read =
                read(TARGETS + ", \"peft_version\": \"0.20.0\", \"loftq_config\": {}, \"qalora_group_size\": 16,"
                        + " \"megatron_core\": \"megatron.core\", \"use_qalora\": false, " + kept);
        JsonNode written = saved(read);

        expected.properties()
                .forEach(field -> assertThat(written.get(field.getKey()))
                        .as(field.getKey())
                        .isEqualTo(field.getValue()));
        assertThat(written.has("peft_version")).isFalse();
        assertThat(written.has("loftq_config")).isFalse();
        assertThat(written.has("qalora_group_size")).isFalse();
        assertThat(written.has("megatron_core")).isFalse();
        LoRAAdapter trained = LoRAModel.of(base).add("a", read).adapter();
        assertThat(trained.config()).isEqualTo(read.config());
    }

    @Test
    void keepsNoNumberThatCannotBeWritten() throws Exception {
        JsonNode written = saved(read(TARGETS + ", \"new\": {\"a\": [1e999]}, \"other\": 1e300"));

        assertThat(written.has("new")).isFalse();
        assertThat(written.path("other").doubleValue()).isEqualTo(1e300);
    }

    @Test
    void doesNotWarnOfTheHeadsThatEveryClassifierNames() throws Exception {
        tensors.put(PREFIX + "classifier.weight", Nd4j.rand(DataType.FLOAT, 2, 4));
        tensors.put(PREFIX + "classifier.bias", Nd4j.rand(DataType.FLOAT, 2));
        try (Logged selection = Logged.by(ModuleSelection.class);
                Logged reader = Logged.by(PeftTensors.class)) {
            saved(read(TARGETS + ", \"modules_to_save\": [\"classifier\", \"score\"]"));

            assertThat(selection.messages()).isEmpty();
            assertThat(reader.messages()).isEmpty();
        }
    }

    @Test
    void warnsOfTargetsThatMatchNothingOnceWhenItReadsAndNotWhenItSaves() throws Exception {
        try (Logged selection = Logged.by(ModuleSelection.class);
                Logged reader = Logged.by(PeftTensors.class)) {
            LoRAAdapter read = read("\"target_modules\": [\"fc\", \"q_proj\"]");
            PeftAdapters.save(read, base, folder.resolve("again"));

            assertThat(selection.messages()).isEmpty();
            assertThat(reader.messages())
                    .singleElement()
                    .asString()
                    .contains("target modules: each must match a layer, found none for 'q_proj'");
        }
    }

    @Test
    void refusesARankThatNoLayerHas() {
        assertThatThrownBy(() -> read(TARGETS + ", \"rank_pattern\": {\"fc\": 2147483647}"))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("adapter_config.json: ")
                .hasMessageContaining("rankPattern of 'fc' must be at most 1048576, found 2147483647");
    }
}
