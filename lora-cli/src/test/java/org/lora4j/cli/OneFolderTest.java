package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.CompleteEncoder;

/** A folder with every file that decides about embeddings. */
class OneFolderTest {
    @TempDir
    Path temporary;

    private CompleteEncoder complete;

    @BeforeEach
    void writeEveryFile() throws IOException {
        complete = CompleteEncoder.write(temporary.resolve("encoder"));
    }

    @Test
    void computesTheBitsOfTheCore() throws IOException {
        Path input = temporary.resolve("texts.jsonl");
        Path output = temporary.resolve("embeddings.jsonl");
        ObjectMapper mapper = new ObjectMapper();
        List<String> lines = new ArrayList<>();
        for (String text : complete.texts()) {
            lines.add(mapper.writeValueAsString(Map.of("text", text)));
        }
        Files.write(input, lines);
        Cli.run(
                "embed",
                "--model",
                complete.folder().toString(),
                "--data",
                input.toString(),
                "--output",
                output.toString());
        List<float[]> found = new ArrayList<>();
        for (String line : Files.readAllLines(output)) {
            JsonNode embedding = mapper.readTree(line).path("embedding");
            found.add(mapper.convertValue(embedding, float[].class));
        }
        assertThat(found.toArray(float[][]::new)).isDeepEqualTo(complete.embeddings());
    }
}
