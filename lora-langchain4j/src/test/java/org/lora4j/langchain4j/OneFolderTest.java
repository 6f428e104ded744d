package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.text.EncoderFolder;

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
        try (LoRAEmbeddingModel model = LoRAEmbeddingModel.of(complete.folder())) {
            float[][] found =
                    model
                            .embedAll(complete.texts().stream()
                                    .map(TextSegment::from)
                                    .toList())
                            .content()
                            .stream()
                            .map(Embedding::vector)
                            .toArray(float[][]::new);
            assertThat(found).isDeepEqualTo(complete.embeddings());
        }
    }

    @Test
    void embedsWithAGgufFile() throws Exception {
        Path file = Path.of(Objects.requireNonNull(OneFolderTest.class.getResource("/gguf/base/bert_q4_0/model.gguf"))
                .toURI());
        List<String> texts = List.of("Congress shall", "The United States");
        try (LoRAEmbeddingModel model = LoRAEmbeddingModel.of(file);
                EncoderFolder encoder = EncoderFolder.open(file)) {
            float[][] expected =
                    encoder.sentenceEmbeddings().predict(encoder.tokens(texts)).toFloatMatrix();
            for (int i = 0; i < expected.length; i++) {
                assertThat(model.embed(texts.get(i)).content().vector())
                        .usingComparatorWithPrecision(1e-6f)
                        .containsExactly(expected[i]);
            }
        }
    }
}
