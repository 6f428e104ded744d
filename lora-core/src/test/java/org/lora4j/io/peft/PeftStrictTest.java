package org.lora4j.io.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Files that do not hold exactly what they should. */
class PeftStrictTest {
    private static final String PREFIX = "base_model.model.";

    @TempDir
    private Path folder;

    private final Map<String, INDArray> tensors = new LinkedHashMap<>();

    private static Network base() {
        return Network.builder(3).linear("enc.fc", 4).relu().linear("head", 2).build(1);
    }

    private static INDArray ones(long... shape) {
        return Nd4j.ones(DataType.FLOAT, shape);
    }

    private static LoRAConfigBuilder config() {
        return LoRAConfig.builder().rank(2).targetModules("enc.fc", "head");
    }

    @BeforeEach
    void fill() {
        tensors.put(PREFIX + "enc.fc.lora_A.weight", ones(2, 3));
        tensors.put(PREFIX + "enc.fc.lora_B.weight", ones(4, 2));
        tensors.put(PREFIX + "head.lora_A.weight", ones(2, 4));
        tensors.put(PREFIX + "head.lora_B.weight", ones(2, 2));
    }

    private void write(LoRAConfigBuilder config) throws IOException {
        Files.write(folder.resolve("adapter_config.json"), PeftConfigWriter.toBytes(config.build(), List.of()));
        SafeTensors.of(tensors, Map.of("format", "pt")).write(folder.resolve("adapter_model.safetensors"));
    }

    private LoRAAdapter load(LoRAConfigBuilder config) throws IOException {
        write(config);
        LoRAAdapter alone = PeftAdapters.load(folder);
        LoRAAdapter withBase = PeftAdapters.load(folder, base());
        assertThat(alone.weights().keySet()).isEqualTo(withBase.weights().keySet());
        assertThat(alone.biases()).isEqualTo(withBase.biases());
        return withBase;
    }

    private static LoRAWeights weights(LoRAAdapter adapter, String path) {
        return Objects.requireNonNull(adapter.weights().get(path));
    }

    private void assertRefused(LoRAConfigBuilder config, String... messages) throws IOException {
        write(config);
        assertThatThrownBy(() -> PeftAdapters.load(folder, base()))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageStartingWith(folder.resolve("adapter_model.safetensors") + ": ")
                .hasMessageContainingAll(messages);
    }

    private void assertRefusedWithoutBase(LoRAConfigBuilder config, String... messages) throws IOException {
        write(config);
        assertThatThrownBy(() -> PeftAdapters.load(folder))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContainingAll(messages);
    }

    @Test
    void takesExactlyWhatTheConfigurationSays() throws Exception {
        LoRAAdapter adapter = load(config());
        assertThat(adapter.weights().keySet()).containsExactly("enc.fc", "head");
        assertThat(weights(adapter, "head").loraA()).isEqualTo(ones(2, 4));
    }

    @Test
    void listsAllThatIsMissingUnexpectedAndMisshapen() throws Exception {
        tensors.remove(PREFIX + "head.lora_B.weight");
        tensors.put(PREFIX + "enc.fc.lora_A.weight", ones(3, 3));
        tensors.put(PREFIX + "enc.fc.lora_magnitude_vector", ones(4));
        tensors.put(PREFIX + "other.lora_A.weight", ones(2, 3));
        tensors.put(PREFIX + "head.bias", ones(2));
        assertRefused(
                config(),
                "tensors are missing: '" + PREFIX + "head.lora_B.weight'",
                "tensors are not expected: ",
                "'" + PREFIX + "enc.fc.lora_magnitude_vector'",
                "'" + PREFIX + "other.lora_A.weight'",
                "'" + PREFIX + "head.bias'",
                "'" + PREFIX + "enc.fc.lora_A.weight' must be [2, 3], found [3, 3]",
                "the base has 'enc.fc', 'head'");
        assertRefusedWithoutBase(
                config(),
                "tensors are missing: '" + PREFIX + "head.lora_B.weight'",
                "'" + PREFIX + "other.lora_A.weight'",
                "'" + PREFIX + "enc.fc.lora_A.weight' must be [2, 3], found [3, 3]");
    }

    @Test
    void refusesABaseWithOtherNamesOrSizes() throws Exception {
        write(config());
        Network other =
                Network.builder(3).linear("enc.fcs", 4).linear("head", 2).build(1);
        assertThatThrownBy(() -> PeftAdapters.load(folder, other))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("tensors are not expected: '" + PREFIX + "enc.fc.lora_A.weight'")
                .hasMessageContaining("the base has 'enc.fcs', 'head'");
        Network wider = Network.builder(5).linear("enc.fc", 4).linear("head", 2).build(1);
        assertThatThrownBy(() -> PeftAdapters.load(folder, wider))
                .hasMessageContaining("enc.fc.lora_A.weight' must be [2, 5], found [2, 3]");
    }

    @Test
    void refusesAnAdapterOfFewerLayersThanItsTargets() throws Exception {
        tensors.remove(PREFIX + "head.lora_A.weight");
        tensors.remove(PREFIX + "head.lora_B.weight");
        assertRefused(config(), "tensors are missing: '" + PREFIX + "head.lora_A.weight', '" + PREFIX + "head.lora_B");
        tensors.clear();
        assertRefusedWithoutBase(config(), "at least one layer must be adapted, found no tensors for");
    }

    @Test
    void refusesFactorsOfLayersThatAreNoTargets() throws Exception {
        assertRefusedWithoutBase(
                config().targetModules("head"), "tensors are not expected: '" + PREFIX + "enc.fc.lora_A.weight'");
        assertRefused(config().targetModules("head"), "tensors are not expected: '" + PREFIX + "enc.fc.lora_A.weight'");
    }

    @Test
    void refusesBiasesAndVectorsThatTheConfigurationDoesNotSay() throws Exception {
        assertRefused(config().loraBias(true), "missing: '" + PREFIX + "enc.fc.lora_B.bias'");
        assertRefused(config().dora(true), "missing: '" + PREFIX + "enc.fc.lora_magnitude_vector'");
        assertRefused(config().bias(BiasTraining.ALL), "missing: '" + PREFIX + "enc.fc.base_layer.bias'");
        tensors.put(PREFIX + "enc.fc.base_layer.bias", ones(4));
        assertRefusedWithoutBase(config(), "not expected: '" + PREFIX + "enc.fc.base_layer.bias'");
    }

    @Test
    void refusesEmbeddingsAndConvolutionsThatTheBaseDoesNotHave() throws Exception {
        tensors.put(PREFIX + "emb.lora_embedding_A", ones(2, 9));
        tensors.put(PREFIX + "conv.lora_A.weight", ones(2, 3, 1, 1));
        assertRefused(
                config(),
                "tensors are not expected: '" + PREFIX + "conv.lora_A.weight', '" + PREFIX + "emb.lora_embedding_A'",
                "the base has 'enc.fc', 'head'");
    }

    @Test
    void refusesOtherPrefixesAndParts() throws Exception {
        tensors.put("model.enc.fc.lora_A.weight", ones(2, 3));
        tensors.put(PREFIX + "enc.fc.running_mean", ones(4));
        assertRefused(
                config(),
                "names must be 'base_model.model.' with a module path and a part of an adapter, found"
                        + " 'base_model.model.enc.fc.running_mean', 'model.enc.fc.lora_A.weight'");
    }

    @Test
    void acceptsTheNameOfAnAdapterInKeys() throws Exception {
        tensors.put(PREFIX + "head.lora_A.default.weight", tensors.remove(PREFIX + "head.lora_A.weight"));
        tensors.put(PREFIX + "head.lora_B.my-name.weight", tensors.remove(PREFIX + "head.lora_B.weight"));
        assertThat(load(config()).weights()).containsOnlyKeys("enc.fc", "head");
        tensors.put(PREFIX + "head.lora_A.weight", ones(2, 4));
        assertRefused(config(), "each part of a layer must occur once, found another for '" + PREFIX + "head.lora_A");
    }

    @Test
    void acceptsTheKeysOfOlderWriters() throws Exception {
        tensors.put(PREFIX + "enc.fc.bias", ones(4));
        tensors.put(PREFIX + "head.bias", ones(2));
        assertThat(load(config().bias(BiasTraining.LORA_ONLY)).biases()).containsOnlyKeys("enc.fc", "head");
        tensors.remove(PREFIX + "enc.fc.bias");
        tensors.remove(PREFIX + "head.bias");
        tensors.put(PREFIX + "enc.fc.lora_magnitude_vector.default.weight", ones(4));
        tensors.put(PREFIX + "head.lora_magnitude_vector.weight", ones(2));
        assertThat(weights(load(config().dora(true)), "head").magnitude()).isEqualTo(ones(2));
    }

    @Test
    void acceptsTheWrappersOfSavedModules() throws Exception {
        tensors.remove(PREFIX + "head.lora_A.weight");
        tensors.remove(PREFIX + "head.lora_B.weight");
        tensors.put(PREFIX + "head.modules_to_save.default.weight", ones(2, 4));
        tensors.put(PREFIX + "head.modules_to_save.bias", ones(2));
        tensors.put(PREFIX + "head.original_module.weight", ones(2, 4));
        LoRAAdapter adapter = load(config().modulesToSave("head"));
        assertThat(adapter.weights()).containsOnlyKeys("enc.fc");
        assertThat(adapter.savedModules().get("head")).isEqualTo(new LoRAAdapter.SavedModule(ones(2, 4), ones(2)));
    }

    @Test
    void readsLayersThatAreNamedLikePartsOfAnAdapter() throws Exception {
        tensors.clear();
        Network base = Network.builder(3)
                .linear("lora_A", 3)
                .linear("lora_A.lora_B", 3)
                .linear("weight", 3)
                .linear("bias.lora_foo", 3)
                .build(1);
        List<String> paths = List.of("lora_A", "lora_A.lora_B", "weight", "bias.lora_foo");
        for (String path : paths) {
            tensors.put(PREFIX + path + ".lora_A.weight", ones(2, 3));
            tensors.put(PREFIX + path + ".lora_B.weight", ones(3, 2));
            tensors.put(PREFIX + path + ".base_layer.bias", ones(3));
        }
        write(config().targetModules(paths.toArray(String[]::new)).bias(BiasTraining.ALL));
        assertThat(PeftAdapters.load(folder, base).weights().keySet()).containsExactlyElementsOf(paths);
        assertThat(PeftAdapters.load(folder).weights().keySet()).containsExactlyInAnyOrderElementsOf(paths);
    }

    @Test
    void convertsHalfAndDoublePrecisionToFloat() throws Exception {
        write(config());
        byte[] half = {0x00, 0x3C, 0x00, (byte) 0xC0, 0, 0, 0, 0x3C, 0, 0x3C, 0, 0x3C};
        byte[] bfloat = {(byte) 0x80, 0x3F, 0, (byte) 0xC0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        SafeTensors.builder()
                .bytes(PREFIX + "enc.fc.lora_A.weight", Dtype.F16, new long[] {2, 3}, half)
                .bytes(PREFIX + "enc.fc.lora_B.weight", Dtype.BF16, new long[] {4, 2}, bfloat)
                .tensor(
                        PREFIX + "head.lora_A.weight",
                        Nd4j.ones(DataType.DOUBLE, 2, 4).mul(0.1))
                .tensor(PREFIX + "head.lora_B.weight", ones(2, 2))
                .build()
                .write(folder.resolve("adapter_model.safetensors"));
        LoRAAdapter adapter = PeftAdapters.load(folder);
        adapter.weights().forEach((path, weights) -> {
            assertThat(weights.loraA().dataType()).isEqualTo(DataType.FLOAT);
            assertThat(weights.loraB().dataType()).isEqualTo(DataType.FLOAT);
        });
        assertThat(weights(adapter, "enc.fc").loraA().getFloat(0, 1)).isEqualTo(-2f);
        assertThat(weights(adapter, "enc.fc").loraB().getFloat(0, 0)).isEqualTo(1f);
        assertThat(weights(adapter, "head").loraA().getFloat(0, 0)).isEqualTo(0.1f);

        Network doubles = Network.builder(3)
                .dataType(DataType.DOUBLE)
                .linear("enc.fc", 4)
                .linear("head", 2)
                .build(1);
        assertThat(weights(PeftAdapters.load(folder, doubles), "head").loraA().getDouble(0, 0))
                .isEqualTo(0.1);
    }

    @Test
    void listsAllValuesThatWouldOverflowAndTypesThatAreNoFloats() throws Exception {
        tensors.put(
                PREFIX + "enc.fc.lora_A.weight",
                Nd4j.ones(DataType.DOUBLE, 2, 3).mul(1e39));
        tensors.put(PREFIX + "head.lora_A.weight", Nd4j.ones(DataType.INT32, 2, 4));
        assertRefused(
                config(),
                "enc.fc.lora_A.weight': finite values must stay finite as FLOAT, found 1.0E39",
                "head.lora_A.weight': the dtype must be a floating-point type to be given as FLOAT, found I32");
    }

    @Test
    void refusesADamagedFileAndABrokenSeed() throws Exception {
        write(config());
        Path file = folder.resolve("adapter_model.safetensors");
        SafeTensors.of(tensors, Map.of("lora4j.seed", "x")).write(file);
        assertThatThrownBy(() -> PeftAdapters.load(folder))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("lora4j.seed must be an integer of 64 bits, found 'x'");
        ByteBuffer damaged = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
        damaged.putLong(2).put("{]".getBytes(StandardCharsets.UTF_8));
        Files.write(file, damaged.array());
        assertThatThrownBy(() -> PeftAdapters.load(folder)).isInstanceOf(SafeTensorsException.class);
    }

    @Test
    void namesTheFirstOfManyMisshapenTensors() throws Exception {
        for (int i = 10; i < 35; i++) {
            tensors.put(PREFIX + "l" + i + ".fc.lora_A.weight", ones(9, 3));
            tensors.put(PREFIX + "l" + i + ".fc.lora_B.weight", ones(4, 2));
        }
        assertRefusedWithoutBase(
                config().targetModules("fc", "head"),
                "l10.fc.lora_A.weight' must be [2, 3], found [9, 3]",
                "; and 15 more problems");
    }

    @Test
    void keepsMessagesShortWhateverTheFileHolds() throws Exception {
        for (int i = 0; i < 500; i++) {
            tensors.put(PREFIX + "x" + i + "\n".repeat(100) + ".lora_A.weight", ones(1, 1));
            tensors.put(PREFIX + "y" + i + ".lora_A.weight", ones(1, 1));
        }
        write(config());
        assertThatThrownBy(() -> PeftAdapters.load(folder, base()))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("more")
                .hasMessageMatching("[^\n]{1,6000}");
    }
}
