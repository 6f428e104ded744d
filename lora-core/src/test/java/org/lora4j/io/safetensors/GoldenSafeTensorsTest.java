package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Files of the reference implementation. */
class GoldenSafeTensorsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "lora_r4_a16/base.safetensors",
                "lora_r4_a16/io.safetensors",
                "lora_r4_a16/adapter/adapter_model.safetensors",
                "train_lora_adam/io.safetensors",
                "train_lora_adam/adapter_initial/adapter_model.safetensors",
                "train_lora_adam/adapter_trained/adapter_model.safetensors",
                "train_lora_sgd/io.safetensors",
                "train_lora_sgd/adapter_trained/adapter_model.safetensors",
                "dora_r3_a6/adapter/adapter_model.safetensors",
                "modules_to_save/adapter/adapter_model.safetensors",
                "lora_bias/adapter/adapter_model.safetensors"
            })
    void writesWhatItReadByteForByte(String path) throws Exception {
        Path golden = RawFile.golden(path);
        Path copy = folder.resolve("copy.safetensors");

        SafeTensors.read(golden).write(copy);

        assertThat(Files.readAllBytes(copy)).isEqualTo(Files.readAllBytes(golden));
    }

    @Test
    void writesTheSameBytesFromArraysInAnyOrder() throws Exception {
        Path golden = RawFile.golden("lora_r4_a16/adapter/adapter_model.safetensors");
        SafeTensors read = SafeTensors.read(golden);
        Map<String, INDArray> reversed = new LinkedHashMap<>();
        List<String> names = List.copyOf(read.names());
        for (int i = names.size() - 1; i >= 0; i--) {
            reversed.put(names.get(i), read.tensor(names.get(i)).dup('f'));
        }
        Path copy = folder.resolve("copy.safetensors");

        SafeTensors.of(reversed, Map.of("format", "pt")).write(copy);

        assertThat(Files.readAllBytes(copy)).isEqualTo(Files.readAllBytes(golden));
    }

    @Test
    void readsTheNetworkOfTheReference() throws Exception {
        Path golden = RawFile.golden("lora_r4_a16/base.safetensors");
        SafeTensors read = SafeTensors.read(golden);

        assertThat(read.names())
                .containsExactly(
                        "linear1.bias",
                        "linear1.weight",
                        "linear2.bias",
                        "linear2.weight",
                        "linear3.bias",
                        "linear3.weight");
        assertThat(read.metadata()).isEmpty();
        assertThat(read.shape("linear1.weight")).containsExactly(16, 12);
        assertThat(read.dtype("linear1.weight")).isEqualTo(Dtype.F32);
        INDArray weight = read.tensor("linear1.weight");
        assertThat(weight.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(weight.ordering()).isEqualTo('c');
        ByteBuffer data = RawFile.data(Files.readAllBytes(golden)).position(16 * Float.BYTES);
        for (int row = 0; row < 16; row++) {
            for (int column = 0; column < 12; column++) {
                assertThat(weight.getFloat(row, column)).isEqualTo(data.getFloat());
            }
        }
    }

    @Test
    void readsMetadataAndIntegers() throws Exception {
        assertThat(SafeTensors.read(RawFile.golden("lora_r4_a16/adapter/adapter_model.safetensors"))
                        .metadata())
                .containsExactly(Map.entry("format", "pt"));

        INDArray labels = SafeTensors.read(RawFile.golden("train_lora_adam/io.safetensors"))
                .tensor("Y");
        assertThat(labels.dataType()).isEqualTo(DataType.INT64);
        assertThat(labels.shape()).containsExactly(20, 6);
        assertThat(labels.minNumber().longValue()).isZero();
        assertThat(labels.maxNumber().longValue()).isEqualTo(4);
    }
}
