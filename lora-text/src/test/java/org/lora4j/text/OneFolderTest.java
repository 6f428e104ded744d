package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.tokens.TextTokens;

/** A folder with every file that decides about embeddings, opened as a folder and as another source. */
class OneFolderTest {
    @TempDir
    Path temporary;

    private CompleteEncoder complete;

    @BeforeEach
    void writeEveryFile() throws IOException {
        complete = CompleteEncoder.write(temporary.resolve("encoder"));
    }

    @Test
    void everyReaderComputesTheSameBits() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(complete.folder());
                EncoderFolder other = EncoderFolder.open(
                        new WithoutPaths(ModelSource.of(complete.folder())),
                        OptionalInt.empty(),
                        BaseStorage.of(Precision.FLOAT));
                TextTokens alone = TextTokens.open(
                        ModelSource.of(complete.folder()), ModelConfig.read(complete.folder()), OptionalInt.empty())) {
            for (EncoderFolder opened : List.of(encoder, other)) {
                assertThat(opened.rules().limitedBy()).isEqualTo("sentence_bert_config.json");
                assertThat(opened.tokens(complete.texts())).isEqualTo(complete.sequences());
                assertThat(opened.sentenceEmbeddings()
                                .predict(opened.tokens(complete.texts()))
                                .toFloatMatrix())
                        .isDeepEqualTo(complete.embeddings());
            }
            assertThat(alone.tokens(complete.texts())).isEqualTo(encoder.tokens(complete.texts()));
            for (String text : complete.texts()) {
                assertThat(alone.encode(text).ids())
                        .containsExactly(complete.tokens().get(text));
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
