package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;

/** A folder with every file that decides about embeddings. */
class OneFolderTest {
    @TempDir
    Path temporary;

    private Path folder;
    private final Map<String, int[]> texts = new LinkedHashMap<>();

    @BeforeEach
    void writeEveryFile() throws IOException, URISyntaxException {
        folder = temporary.resolve("encoder");
        copy("/golden/encoder_forward");
        copy("/folders/encoder");
        try (InputStream in = Objects.requireNonNull(getClass().getResourceAsStream("/folders/texts.json"))) {
            ObjectMapper mapper = new ObjectMapper();
            mapper.readTree(in)
                    .properties()
                    .forEach(text -> texts.put(text.getKey(), mapper.convertValue(text.getValue(), int[].class)));
        }
    }

    private void copy(String resource) throws IOException, URISyntaxException {
        Path from =
                Path.of(Objects.requireNonNull(getClass().getResource(resource)).toURI());
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path target = folder.resolve(from.relativize(file).toString());
                Files.createDirectories(Objects.requireNonNull(target.getParent()));
                Files.copy(file, target);
            }
        }
    }

    /** What the core computes for the tokens, which were written by hand. */
    private float[][] expected() throws IOException {
        return PretrainedModel.load(folder)
                .sentenceEmbeddings()
                .predict(Sequences.of(texts.values().toArray(int[][]::new)))
                .toFloatMatrix();
    }

    private List<String> texts() {
        return List.copyOf(texts.keySet());
    }

    @Test
    void computesTheBitsOfTheCore() throws IOException {
        Path input = temporary.resolve("texts.jsonl");
        Path output = temporary.resolve("embeddings.jsonl");
        ObjectMapper mapper = new ObjectMapper();
        List<String> lines = new ArrayList<>();
        for (String text : texts()) {
            lines.add(mapper.writeValueAsString(Map.of("text", text)));
        }
        Files.write(input, lines);
        Cli.run("embed", "--model", folder.toString(), "--data", input.toString(), "--output", output.toString());
        List<float[]> found = new ArrayList<>();
        for (String line : Files.readAllLines(output)) {
            JsonNode embedding = mapper.readTree(line).path("embedding");
            found.add(mapper.convertValue(embedding, float[].class));
        }
        assertThat(found.toArray(float[][]::new)).isDeepEqualTo(expected());
    }
}
