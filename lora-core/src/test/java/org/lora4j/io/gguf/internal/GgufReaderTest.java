package org.lora4j.io.gguf.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.io.gguf.model.GgufException;
import org.lora4j.io.safetensors.SafeTensors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Files of llama.cpp, whole and damaged. */
class GgufReaderTest {
    private static final Path CASES = cases();

    private static Path cases() {
        try {
            return Path.of(Objects.requireNonNull(GgufReaderTest.class.getResource("/gguf/base"))
                    .toURI());
        } catch (java.net.URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K",
                "IQ4_NL", "IQ4_XS"
            })
    void readsEachElementBitForBit(String type) throws IOException {
        Path folder = CASES.resolve("types");
        SafeTensors expected = SafeTensors.read(folder.resolve(type + ".safetensors"));
        try (GgufReader reader = GgufReader.open(folder.resolve(type + ".gguf"))) {
            assertThat(reader.names()).isNotEmpty().containsExactlyInAnyOrderElementsOf(expected.names());
            for (String name : reader.names()) {
                assertThat(reader.type(name)).isEqualTo(type);
                assertThat(reader.shape(name)).as(name).isEqualTo(expected.shape(name));
                float[] found = values(reader.tensor(name));
                float[] right = values(expected.tensor(name, DataType.FLOAT));
                for (int i = 0; i < right.length; i++) {
                    // Any NaN is one, and −0 is not 0.
                    assertThat(Float.floatToIntBits(found[i]))
                            .as("%s %d: %s, expected %s", name, i, found[i], right[i])
                            .isEqualTo(Float.floatToIntBits(right[i]));
                }
            }
        }
    }

    private static float[] values(INDArray array) {
        return array.ravel().toFloatVector();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "TQ1_0", "TQ2_0", "MXFP4", "NVFP4",
                "Q1_0", "Q2_0"
            })
    void refusesOtherTypesByName(String type) {
        Path file = CASES.resolve("types").resolve(type + ".gguf");
        assertThatThrownBy(() -> GgufReader.open(file))
                .isInstanceOf(GgufException.class)
                .hasMessageMatching(
                        "(?s).*: byte \\d+: .* must be of a type that this library reads: .*, found " + type);
    }

    static List<JsonNode> damaged() throws IOException {
        List<JsonNode> files = new ArrayList<>();
        JsonNode json = new ObjectMapper()
                .readTree(Files.readString(CASES.resolve("hostile").resolve("case.json")));
        json.get("files").forEach(files::add);
        return files;
    }

    @ParameterizedTest
    @MethodSource("damaged")
    void refusesWhatIsDamaged(JsonNode file) {
        String name = file.get("file").asText();
        Path path = CASES.resolve("hostile").resolve(name);
        if (name.startsWith("m")) {
            return;
        }
        if (file.get("must_refuse").isNull()) {
            readAny(path);
        } else if (file.get("must_refuse").asBoolean()) {
            assertThatThrownBy(() -> read(path))
                    .as(file.get("why").asText())
                    .isInstanceOf(GgufException.class)
                    .hasMessageStartingWith(path + ": ");
        } else {
            org.assertj.core.api.Assertions.assertThatCode(() -> read(path)).doesNotThrowAnyException();
        }
    }

    private static void readAny(Path path) {
        try {
            read(path);
        } catch (IOException e) {
            assertThat(e).isInstanceOf(GgufException.class);
        }
    }

    private static void read(Path path) throws IOException {
        try (GgufReader reader = GgufReader.open(path)) {
            for (String name : reader.names()) {
                reader.tensor(name).close();
            }
        }
    }
}
