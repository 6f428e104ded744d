package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import dev.langchain4j.model.output.Response;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Without an adapter, the embeddings are those of LangChain4j's own model. */
class SameAsLangChain4jTest {
    private static EmbeddingModel ours;
    private static EmbeddingModel theirs;

    @BeforeAll
    static void load() throws IOException {
        // Theirs cuts where its tokenizer.json says.
        ours = LoRAEmbeddingModel.builder(MiniLm.folder()).maxTokens(128).build();
        theirs = new AllMiniLmL6V2EmbeddingModel();
    }

    @Test
    void eachTextAlone() {
        for (String text : Texts.ALL) {
            Response<Embedding> expected = theirs.embed(text);
            Response<Embedding> found = ours.embed(text);
            assertThat(Texts.cosine(found.content(), expected.content()))
                    .as(text)
                    .isGreaterThan(0.999999);
            assertThat(found.content().vector()).as(text).hasSize(384);
            assertThat(norm(found.content())).as(text).isCloseTo(1, within(1e-6));
            assertThat(found.tokenUsage()).as(text).isEqualTo(expected.tokenUsage());
            assertThat(found.finishReason()).isEqualTo(expected.finishReason());
            assertThat(found.metadata()).isEqualTo(expected.metadata());
        }
    }

    @Test
    void allTextsAtOnce() {
        List<TextSegment> segments = Texts.segments(Texts.ALL);
        Response<List<Embedding>> expected = theirs.embedAll(segments);
        Response<List<Embedding>> found = ours.embedAll(segments);
        assertThat(found.content()).hasSameSizeAs(expected.content());
        for (int i = 0; i < segments.size(); i++) {
            assertThat(Texts.cosine(found.content().get(i), expected.content().get(i)))
                    .as(segments.get(i).text())
                    .isGreaterThan(0.999999);
        }
        assertThat(found.tokenUsage()).isEqualTo(expected.tokenUsage());
    }

    @Test
    void theDimension() {
        assertThat(ours.dimension()).isEqualTo(theirs.dimension());
    }

    @Test
    void textsWithoutTokensAreRefused() {
        assertThatThrownBy(() -> theirs.embed("\u200b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ours.embed("\u200b"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("each text must have at least one token, found none in text 0");
    }

    private static double norm(Embedding embedding) {
        double square = 0;
        for (float value : embedding.vector()) {
            square += (double) value * value;
        }
        return Math.sqrt(square);
    }
}
