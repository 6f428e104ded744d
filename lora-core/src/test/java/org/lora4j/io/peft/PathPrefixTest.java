package org.lora4j.io.peft;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.LoRAModel;
import org.lora4j.internal.Logged;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters whose module paths differ from those of the base by a prefix. */
class PathPrefixTest {
    @TempDir
    private Path folder;

    @Test
    void findsThePrefixThatAllPathsShare() {
        Set<String> base = Set.of("encoder.0.fc", "encoder.1.fc");
        assertThat(PathPrefix.find(List.of("bert.encoder.0.fc", "bert.encoder.1.fc"), base))
                .contains(new PathPrefix("bert.", ""));
        assertThat(PathPrefix.find(List.of("a.b.encoder.0.fc"), base)).contains(new PathPrefix("a.b.", ""));
        assertThat(PathPrefix.find(List.of("0.fc", "1.fc"), base)).contains(new PathPrefix("", "encoder."));
    }

    /** Models that read pictures too call the layers of their texts otherwise, in older and newer versions. */
    @ParameterizedTest
    @ValueSource(strings = {"language_model.model.", "model.language_model."})
    void readsAnAdapterOfTheTextModelOfALargerOne(String start) throws Exception {
        Path golden = Path.of(requireNonNull(getClass().getResource("/golden/gemma3_lora_default"))
                .toURI());
        Path adapter = golden.resolve("adapter");
        SafeTensors tensors = SafeTensors.read(adapter.resolve("adapter_model.safetensors"));
        Map<String, INDArray> renamed = new LinkedHashMap<>();
        tensors.tensors()
                .forEach((key, value) ->
                        renamed.put(key.replace("base_model.model.model.", "base_model.model." + start), value));
        assertThat(renamed).doesNotContainKeys(tensors.names().toArray(String[]::new));
        SafeTensors.of(renamed, Map.of()).write(folder.resolve("adapter_model.safetensors"));
        Files.copy(adapter.resolve("adapter_config.json"), folder.resolve("adapter_config.json"));
        ReadOptions options = ReadOptions.of(FingerprintCheck.IGNORE);
        LoRAModel model = LoRAModel.of(PretrainedModel.load(golden).causal());
        model.load("own", adapter, options);
        model.load("renamed", folder, options);
        Sequences input = Sequences.of(new int[] {5, 3, 9});
        assertThat(model.using("renamed").predict(input))
                .isEqualTo(model.using("own").predict(input))
                .isNotEqualTo(model.base().predict(input));
    }

    @Test
    void findsNoneWhereThePathsAreThoseOfTheBaseOrOfAnotherModel() {
        Set<String> base = Set.of("encoder.0.fc", "encoder.1.fc");
        assertThat(PathPrefix.find(List.of("encoder.0.fc", "other.1.fc"), base)).isEmpty();
        assertThat(PathPrefix.find(List.of("decoder.0.proj"), base)).isEmpty();
        assertThat(PathPrefix.find(List.of(), base)).isEmpty();
    }

    @Test
    void refusesAPrefixOfSomeOfThePaths() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PathPrefix.find(
                        List.of("bert.encoder.0.fc", "bert.encoder.2.fc"), Set.of("encoder.0.fc", "encoder.1.fc")))
                .withMessage(
                        "the layers of the adapter must be those of the base, found that some are, without bert., but not"
                                + " 'bert.encoder.2.fc'; use a model that has all of them");
    }

    @Test
    void saysWhatItDoesAtTheLevelInfo() throws Exception {
        Network base = Network.builder(3).linear("encoder.0.fc", 3).build(1);
        String prefix = "base_model.model.";
        SafeTensors.of(
                        Map.of(
                                prefix + "bert.encoder.0.fc.lora_A.weight", Nd4j.rand(DataType.FLOAT, 2, 3),
                                prefix + "bert.encoder.0.fc.lora_B.weight", Nd4j.rand(DataType.FLOAT, 3, 2),
                                prefix + "classifier.weight", Nd4j.rand(DataType.FLOAT, 2, 3),
                                prefix + "classifier.bias", Nd4j.rand(DataType.FLOAT, 2)),
                        Map.of())
                .write(folder.resolve("adapter_model.safetensors"));
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"r\": 2, \"target_modules\": [\"fc\"], \"modules_to_save\": [\"classifier\","
                        + " \"score\"]}");
        String file = folder.resolve("adapter_model.safetensors").toString();
        try (Logged files = Logged.by(PeftFiles.class);
                Logged keys = Logged.by(FileKeys.class);
                Logged tensors = Logged.by(PeftTensors.class)) {
            assertThat(PeftAdapters.load(folder, base).weights()).containsOnlyKeys("encoder.0.fc");

            assertThat(files.messages())
                    .containsExactly(
                            "INFO " + file + ": the adapter is one of another model with the same layers; they are"
                                    + " applied without bert.");
            assertThat(keys.messages())
                    .containsExactly("INFO " + file + ": the base has no place for these layers, which are left out:"
                            + " 'classifier'");
            assertThat(tensors.messages()).isEmpty();
        }
    }
}
