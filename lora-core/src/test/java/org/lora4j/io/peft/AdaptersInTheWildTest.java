package org.lora4j.io.peft;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters as trainers and the versions of PEFT write them. */
@Tag("numbers")
class AdaptersInTheWildTest {
    private static final String PREFIX = "base_model.model.";

    @TempDir
    private Path folder;

    private final Map<String, INDArray> tensors = new LinkedHashMap<>();
    private final Network base = Network.builder(3)
            .linear("layers.0.fc", 3)
            .linear("layers.1.fc", 3)
            .linear("classifier.dense", 4)
            .linear("classifier.out_proj", 2)
            .build(1);

    private void adapt(String path, int in, int out) {
        tensors.put(PREFIX + path + ".lora_A.weight", Nd4j.rand(DataType.FLOAT, 2, in));
        tensors.put(PREFIX + path + ".lora_B.weight", Nd4j.rand(DataType.FLOAT, out, 2));
    }

    private void head() {
        tensors.put(PREFIX + "classifier.dense.weight", Nd4j.rand(DataType.FLOAT, 4, 3));
        tensors.put(PREFIX + "classifier.dense.bias", Nd4j.rand(DataType.FLOAT, 4));
        tensors.put(PREFIX + "classifier.out_proj.weight", Nd4j.rand(DataType.FLOAT, 2, 4));
        tensors.put(PREFIX + "classifier.out_proj.bias", Nd4j.rand(DataType.FLOAT, 2));
    }

    private LoRAAdapter read(String fields) throws IOException {
        Files.writeString(folder.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"r\": 2, " + fields + "}");
        SafeTensors.of(tensors, Map.of("format", "pt")).write(folder.resolve("adapter_model.safetensors"));
        LoRAAdapter read = PeftAdapters.load(folder, base);
        PeftAdapters.save(read, base, folder.resolve("again"));
        assertThat(PeftAdapters.load(folder.resolve("again"), base, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isEqualTo(read);
        LoRAModel.of(base).add("read", read);
        return read;
    }

    @Test
    void readsTheHeadOfAClassifierInsideAContainer() throws Exception {
        adapt("layers.0.fc", 3, 3);
        adapt("layers.1.fc", 3, 3);
        head();

        LoRAAdapter read =
                read("\"task_type\": \"SEQ_CLS\", \"target_modules\": [\"fc\", \"dense\"], \"modules_to_save\":"
                        + " [\"classifier\", \"score\"]");

        assertThat(read.weights().keySet()).containsExactly("layers.0.fc", "layers.1.fc");
        assertThat(read.savedModules().keySet()).containsExactly("classifier.dense", "classifier.out_proj");
        assertThat(requireNonNull(read.savedModules().get("classifier.dense")).bias())
                .isEqualTo(tensors.get(PREFIX + "classifier.dense.bias"));
    }

    @Test
    void readsAHeadThatIsStoredWithoutBeingNamed() throws Exception {
        adapt("layers.0.fc", 3, 3);
        adapt("layers.1.fc", 3, 3);
        head();

        LoRAAdapter read = read("\"target_modules\": [\"fc\"], \"modules_to_save\": null");

        assertThat(read.savedModules().keySet()).containsExactly("classifier.dense", "classifier.out_proj");
        assertThat(read.config().modulesToSave()).containsExactly("classifier.dense", "classifier.out_proj");
    }

    @Test
    void readsTargetsThatTheModelDoesNotHave() throws Exception {
        adapt("layers.0.fc", 3, 3);
        adapt("layers.1.fc", 3, 3);

        LoRAAdapter read = read("\"target_modules\": [\"q_proj\", \"fc\", \"v_proj\"]");

        assertThat(read.weights().keySet()).containsExactly("layers.0.fc", "layers.1.fc");
        assertThatIllegalArgumentException()
                .as("a new adapter of the same configuration")
                .isThrownBy(() -> LoRAAdapter.initialize(base, read.config()))
                .withMessageContaining("each must match a layer, found none for 'q_proj', 'v_proj'");
    }

    @Test
    void readsLoraOnlyWithoutBiases() throws Exception {
        adapt("layers.0.fc", 3, 3);
        adapt("layers.1.fc", 3, 3);

        LoRAAdapter read = read("\"target_modules\": [\"fc\"], \"bias\": \"lora_only\"");

        assertThat(read.biases()).isEmpty();
        assertThat(read.config().bias()).isEqualTo(BiasTraining.NONE);
    }

    @Test
    void readsAlphaOfAnySign() throws Exception {
        adapt("layers.0.fc", 3, 3);

        LoRAModel model = LoRAModel.of(base);
        model.add("positive", read("\"target_modules\": [\"layers.0.fc\"], \"lora_alpha\": 3"));
        model.add("negative", read("\"target_modules\": [\"layers.0.fc\"], \"lora_alpha\": -3"));
        model.add("zero", read("\"target_modules\": [\"layers.0.fc\"], \"lora_alpha\": 0"));

        INDArray x = Nd4j.rand(DataType.FLOAT, 5, 3);
        assertThat(model.using("zero").predict(x)).isEqualTo(base.predict(x));
        INDArray sum =
                model.using("positive").predict(x).add(model.using("negative").predict(x));
        assertThat(sum.distance2(base.predict(x).mul(2))).isLessThan(1e-5);
    }

    @Test
    void takesTheFirstIndexInAPath() throws Exception {
        Network experts = Network.builder(3)
                .linear("model.layers.0.mlp.experts.1.fc", 3)
                .linear("model.layers.1.mlp.experts.0.fc", 3)
                .build(1);
        adapt("model.layers.1.mlp.experts.0.fc", 3, 3);
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": 2, \"target_modules\": [\"fc\"], \"layers_to_transform\": [1]}");
        SafeTensors.of(tensors, Map.of("format", "pt")).write(folder.resolve("adapter_model.safetensors"));

        LoRAAdapter read = PeftAdapters.load(folder, experts);
        assertThat(read.weights().keySet()).containsExactly("model.layers.1.mlp.experts.0.fc");

        // Other versions of PEFT take the last index, so a file that is written does not depend on it.
        PeftAdapters.save(read, folder);
        assertThat(Files.readString(folder.resolve("adapter_config.json")))
                .contains("\"target_modules\": \"model\\\\.layers\\\\.1\\\\.mlp\\\\.experts\\\\.0\\\\.fc\"")
                .doesNotContain("layers_to_transform");
        assertThat(PeftAdapters.load(folder, experts).weights()).isEqualTo(read.weights());
    }

    @Test
    void refusesFactorsThatAreNotFinite() {
        adapt("layers.0.fc", 3, 3);
        requireNonNull(tensors.get(PREFIX + "layers.0.fc.lora_A.weight")).putScalar(0, 1, Float.NaN);
        requireNonNull(tensors.get(PREFIX + "layers.0.fc.lora_B.weight")).putScalar(1, 1, Float.NEGATIVE_INFINITY);

        assertThatThrownBy(() -> read("\"target_modules\": [\"layers.0.fc\"]"))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("'" + PREFIX
                        + "layers.0.fc.lora_A.weight' must hold finite numbers, found NaN or infinite ones")
                .hasMessageContaining("'" + PREFIX + "layers.0.fc.lora_B.weight' must hold finite numbers");
    }

    @Test
    void refusesToAddFactorsThatAreNotFinite() throws Exception {
        LoRAAdapter adapter = LoRAAdapter.initialize(base, LoRAConfig.of(2, 4)).adapter();
        requireNonNull(adapter.weights().get("layers.0.fc")).loraA().putScalar(0, 1, Float.NaN);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAModel.of(base).add("bad", adapter))
                .withMessageContaining("layers.0.fc.lora_A must hold finite numbers, found NaN or infinite ones");
    }

    @Test
    void advisesWhatIsNotSafetensors() throws Exception {
        adapt("layers.0.fc", 3, 3);
        read("\"target_modules\": [\"layers.0.fc\"]");
        Path file = folder.resolve("adapter_model.safetensors");
        Map<String, String> advice = Map.of(
                "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
                "found a Git LFS pointer; fetch the file itself with 'git lfs pull'",
                "{\"weight_map\": {}}",
                "found a JSON text",
                "PK\3\4 and more bytes",
                "found a ZIP archive, as PyTorch writes; convert it to safetensors");

        for (Map.Entry<String, String> content : advice.entrySet()) {
            Files.write(file, content.getKey().getBytes(StandardCharsets.ISO_8859_1));
            assertThatThrownBy(() -> PeftAdapters.load(folder, base))
                    .isInstanceOf(SafeTensorsException.class)
                    .hasMessageContaining(content.getValue());
        }
        Files.delete(file);
        for (Map.Entry<String, String> other : Map.of(
                        "adapter_model.bin", "a pickle", "adapter_model-00001-of-00002.safetensors", "in several parts")
                .entrySet()) {
            Files.writeString(folder.resolve(other.getKey()), "");
            assertThatThrownBy(() -> PeftAdapters.load(folder, base))
                    .isInstanceOf(PeftFormatException.class)
                    .hasMessageContaining(other.getValue());
            Files.delete(folder.resolve(other.getKey()));
        }
    }

    @Test
    void saysThatAFolderDoesNotExist() {
        assertThatThrownBy(() -> PeftAdapters.load(folder.resolve("no such folder"), base))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageEndingWith("no such folder: must be a folder with an adapter, found no folder");
        assertThat(requireNonNull(folder.toFile().list())).isEmpty();
    }
}
