package org.lora4j.example.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.EncoderFolder;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The model as files. */
@Tag("slow")
class MiniLmTest {
    @TempDir
    private static Path temp;

    /** The example of sentence-transformers' documentation, https://sbert.net/docs/quickstart.html, with its results. */
    @Test
    void computesTheSimilaritiesThatSentenceTransformersDocuments() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(MiniLm.write(temp.resolve("minilm")))) {
            INDArray embeddings = encoder.sentenceEmbeddings()
                    .predict(encoder.tokens(List.of(
                            "The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")));
            float[][] similarities = embeddings.mmul(embeddings.transpose()).toFloatMatrix();
            assertThat(similarities[0][0]).isCloseTo(1, within(1e-5f));
            assertThat(similarities[0][1]).isCloseTo(0.6660f, within(1e-4f));
            assertThat(similarities[0][2]).isCloseTo(0.1046f, within(1e-4f));
            assertThat(similarities[1][2]).isCloseTo(0.1411f, within(1e-4f));
        }
    }

    @Test
    void leavesAModelThatIsThere() throws IOException {
        Path tensors = MiniLm.write(temp.resolve("twice")).resolve("model.safetensors");
        FileTime time = FileTime.fromMillis(0);
        Files.setLastModifiedTime(tensors, time);
        MiniLm.write(temp.resolve("twice"));
        assertThat(Files.getLastModifiedTime(tensors)).isEqualTo(time);
        assertThat(temp.resolve("twice")).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void refusesAFolderWithAnotherModel() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("other"));
        Files.writeString(folder.resolve("config.json"), "{}");
        Files.writeString(folder.resolve("model.safetensors"), "other");
        assertThatThrownBy(() -> MiniLm.write(folder))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("must be all-MiniLM-L6-v2 as this program writes it")
                .hasMessageContaining("choose another folder");
        assertThat(folder.resolve("config.json")).hasContent("{}");
        assertThat(folder.resolve("model.safetensors")).hasContent("other");
    }
}
