package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import java.io.IOException;
import java.nio.file.Path;
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
}
