package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;

/** A folder with every file that decides about embeddings, opened as a folder and as another source. */
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
    void everyReaderComputesTheSameBits() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(folder);
                EncoderFolder other = EncoderFolder.open(
                        new WithoutPaths(ModelSource.of(folder)),
                        OptionalInt.empty(),
                        BaseStorage.of(Precision.FLOAT));
                EncoderTokens alone = EncoderTokens.open(ModelSource.of(folder), 16, OptionalInt.empty())) {
            for (EncoderFolder opened : List.of(encoder, other)) {
                assertThat(opened.rules().limitedBy()).isEqualTo("sentence_bert_config.json");
                assertThat(opened.tokens(texts()))
                        .isEqualTo(Sequences.of(texts.values().toArray(int[][]::new)));
                assertThat(opened.sentenceEmbeddings()
                                .predict(opened.tokens(texts()))
                                .toFloatMatrix())
                        .isDeepEqualTo(expected());
            }
            assertThat(alone.tokens(texts())).isEqualTo(encoder.tokens(texts()));
            for (String text : texts()) {
                assertThat(alone.encode(text).ids()).containsExactly(texts.get(text));
            }
        }
    }

    /** The same files as streams, as other stores give them. */
    private record WithoutPaths(ModelSource files) implements ModelSource {
        @Override
        public String name() {
            return files.name();
        }

        @Override
        public String describe(String file) {
            return files.describe(file);
        }

        @Override
        public boolean has(String file) throws IOException {
            return files.has(file);
        }

        @Override
        public InputStream open(String file) throws IOException {
            return files.open(file);
        }

        @Override
        public Optional<Path> path(String file) {
            return Optional.empty();
        }
    }
}
