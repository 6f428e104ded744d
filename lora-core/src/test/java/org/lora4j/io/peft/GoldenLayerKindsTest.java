package org.lora4j.io.peft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adapters of embeddings and convolutions that PEFT wrote: read, merged and written again without our own layers. */
@Tag("numbers")
class GoldenLayerKindsTest {
    @TempDir
    private Path folder;

    private record Layer(
            String path,
            LayerKind kind,
            INDArray weight,
            @Nullable INDArray bias) implements BaseLayer {}

    private record Base(List<Layer> baseLayers) implements BaseModel {
        @Override
        public DataType dataType() {
            return DataType.FLOAT;
        }
    }

    /** The layers of a case, by the shape and the name of their weights. */
    private static Base base(Golden golden) throws Exception {
        SafeTensors tensors = SafeTensors.read(golden.folder().resolve("base.safetensors"));
        List<Layer> layers = new ArrayList<>();
        for (String name : tensors.names()) {
            if (name.endsWith(".weight")) {
                String path = name.substring(0, name.length() - ".weight".length());
                INDArray weight = tensors.tensor(name);
                LayerKind kind = path.equals("embedding") ? LayerKind.EMBEDDING : LayerKind.ofDimensions(weight.rank());
                String bias = path + ".bias";
                layers.add(new Layer(path, kind, weight, tensors.names().contains(bias) ? tensors.tensor(bias) : null));
            }
        }
        return new Base(layers);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"conv1d_lora", "conv2d_lora", "conv2d_rect", "conv2d_dilated", "conv2d_dora", "embedding_lora"})
    void mergesAsTheReferenceDoes(String name) throws Exception {
        Golden golden = Golden.of(name);
        Base base = base(golden);
        LoRAAdapter adapter = PeftAdapters.load(golden.folder().resolve("adapter"), base);
        assertThat(adapter.weights()).isNotEmpty();
        for (Map.Entry<String, LoRAWeights> entry : adapter.weights().entrySet()) {
            String path = entry.getKey();
            INDArray weight = base.baseLayer(path).weight();
            INDArray delta = entry.getValue().delta(weight, adapter.config().scaleOf(path));
            golden.assertOutput("merged." + path + ".weight", weight.add(delta));
            assertThat(delta.amaxNumber().doubleValue()).isGreaterThan(1e-3);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"conv1d_lora", "conv2d_lora", "conv2d_rect", "conv2d_dilated", "conv2d_dora", "embedding_lora"})
    void readsTheSameWithoutTheBase(String name) throws Exception {
        Golden golden = Golden.of(name);
        Path adapter = golden.folder().resolve("adapter");
        assertThat(PeftAdapters.load(adapter).weights())
                .isEqualTo(PeftAdapters.load(adapter, base(golden)).weights());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"conv1d_lora", "conv2d_lora", "conv2d_rect", "conv2d_dilated", "conv2d_dora", "embedding_lora"})
    void writesTheKeysAndShapesOfTheReference(String name) throws Exception {
        Golden golden = Golden.of(name);
        Base base = base(golden);
        LoRAAdapter adapter = PeftAdapters.load(golden.folder().resolve("adapter"), base);
        PeftAdapters.save(adapter, base, folder);
        SafeTensors expected = SafeTensors.read(golden.folder().resolve("adapter/adapter_model.safetensors"));
        SafeTensors written = SafeTensors.read(folder.resolve("adapter_model.safetensors"));
        assertThat(written.names()).isEqualTo(expected.names());
        for (String key : expected.names()) {
            assertThat(written.shape(key)).as(key).isEqualTo(expected.shape(key));
            assertThat(written.bytes(key)).as(key).isEqualTo(expected.bytes(key));
        }
        assertThat(PeftAdapters.load(folder, base, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isEqualTo(adapter);
    }

    @ParameterizedTest
    @ValueSource(strings = {"conv1d_lora", "conv2d_lora", "conv2d_dora", "embedding_lora"})
    void initializesWithTheShapesOfTheReferenceAndWithoutAnUpdate(String name) throws Exception {
        Golden golden = Golden.of(name);
        Base base = base(golden);
        LoRAAdapter stored = PeftAdapters.load(golden.folder().resolve("adapter"), base);
        LoRAAdapter initial = LoRAAdapter.initialize(base, stored.config()).adapter();
        initial.requireFits(base);
        stored.weights().forEach((path, weights) -> {
            LoRAWeights fresh = Objects.requireNonNull(initial.weights().get(path));
            assertThat(fresh.kind()).isEqualTo(weights.kind());
            assertThat(fresh.loraA().shape()).isEqualTo(weights.loraA().shape());
            assertThat(fresh.loraB().shape()).isEqualTo(weights.loraB().shape());
            INDArray weight = base.baseLayer(path).weight();
            assertThat(Differences.fromZero(fresh.delta(weight, 3))).isLessThan(1e-6);
            INDArray random = weights.kind() == LayerKind.EMBEDDING ? fresh.loraB() : fresh.loraA();
            assertThat(random.amaxNumber().doubleValue()).isGreaterThan(0.05);
        });
    }

    @Test
    void allLinearLeavesOutEmbeddingsAndConvolutions() throws Exception {
        Base base = base(Golden.of("embedding_lora"));
        LoRAAdapter adapter = LoRAAdapter.initialize(base, LoRAConfig.of(2, 2)).adapter();
        assertThat(adapter.weights()).containsOnlyKeys("linear");
    }

    @Test
    void tellsAKindThatTheBaseDoesNotHave() throws Exception {
        Golden golden = Golden.of("embedding_lora");
        LoRAAdapter adapter = PeftAdapters.load(golden.folder().resolve("adapter"), base(golden));
        List<Layer> linear = base(golden).baseLayers().stream()
                .map(layer -> new Layer(layer.path(), LayerKind.LINEAR, layer.weight(), layer.bias()))
                .toList();
        assertThatThrownBy(() -> adapter.requireFits(new Base(linear)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("embedding: the layer is LINEAR, found weights for EMBEDDING");
        assertThatThrownBy(() -> PeftAdapters.load(golden.folder().resolve("adapter"), new Base(linear)))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("embedding.lora_A.weight");
    }
}
