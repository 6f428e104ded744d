package org.lora4j.example.text.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.example.text.TestModel;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.text.Tokenizer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The real model and its tokenizer. */
@Tag("slow")
class MiniLmTest {
    /** The example of sentence-transformers' documentation, https://sbert.net/docs/quickstart.html, with its results. */
    @Test
    void computesTheSimilaritiesThatSentenceTransformersDocuments() throws IOException {
        BertModel bert = MiniLm.load(TestModel.FOLDER);
        try (Tokenizer tokens = MiniLm.tokenizer(256)) {
            INDArray embeddings = bert.sentenceEmbeddings()
                    .predict(tokens.sequences(List.of(
                            "The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium.")));
            float[][] similarities = embeddings.mmul(embeddings.transpose()).toFloatMatrix();
            assertThat(similarities[0][0]).isCloseTo(1, within(1e-5f));
            assertThat(similarities[0][1]).isCloseTo(0.6660f, within(1e-4f));
            assertThat(similarities[0][2]).isCloseTo(0.1046f, within(1e-4f));
            assertThat(similarities[1][2]).isCloseTo(0.1411f, within(1e-4f));
        }
    }

    @Test
    void splitsTextsIntoTokensAndCutsThem() throws IOException {
        try (Tokenizer tokens = MiniLm.tokenizer(5)) {
            assertThat(tokens.sequences(List.of("Hello, world", "hello world hello world")))
                    .isEqualTo(Sequences.of(
                            new int[] {101, 7592, 1010, 2088, 102}, new int[] {101, 7592, 2088, 7592, 102}));
        }
    }
}
