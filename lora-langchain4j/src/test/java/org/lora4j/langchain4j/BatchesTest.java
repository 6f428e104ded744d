package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.output.Response;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;

/** Many texts in one call, and many calls at once. */
@Tag("slow")
class BatchesTest {
    private static LoRAEmbeddingModel model;

    @BeforeAll
    static void load() throws IOException {
        model = LoRAEmbeddingModel.of(MiniLm.folder());
    }

    /** Texts of many lengths, some of which are cut. */
    private static List<String> manyTexts() {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            texts.add("passage " + i + " of the report" + " and so on".repeat(i * 37 % 40));
        }
        return texts;
    }

    @Test
    void theEmbeddingsAreInTheOrderOfTheTexts() {
        List<String> texts = manyTexts();
        Response<List<Embedding>> all = model.embedAll(Texts.segments(texts));
        for (int i = 0; i < texts.size(); i += 9) {
            Embedding alone = model.embed(texts.get(i)).content();
            assertThat(Texts.cosine(all.content().get(i), alone))
                    .as(texts.get(i))
                    .isGreaterThan(0.9999999);
        }
        int tokens = model.tokens(texts).tokens();
        assertThat(tokens).isGreaterThan(3 * 4096);
        assertThat(Texts.inputTokens(all)).isEqualTo(tokens - 2 * texts.size());
    }

    @Test
    void noTextsHaveNoEmbeddings() {
        Response<List<Embedding>> none = model.embedAll(List.of());
        assertThat(none.content()).isEmpty();
        assertThat(Texts.inputTokens(none)).isZero();
    }

    @Test
    void aTextWithoutTokensIsNamedByItsPlace() {
        List<String> texts = new ArrayList<>(manyTexts());
        texts.set(130, "\u200b");
        assertThatThrownBy(() -> model.embedAll(Texts.segments(texts)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("found none in text 130");
    }

    @Test
    void eightThreadsGetTheEmbeddingsOfTheirViews() throws Exception {
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .alpha(16)
                .targetModules("query")
                .init(LoRAInit.random())
                .build();
        model.model().add("threads", config);
        List<LoRAEmbeddingModel> views = List.of(model, model.using("threads"));
        List<TextSegment> segments = Texts.segments(Texts.ALL);
        List<List<Embedding>> expected =
                views.stream().map(view -> view.embedAll(segments).content()).toList();
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<List<Embedding>>> calls = new ArrayList<>();
            for (int i = 0; i < 24; i++) {
                LoRAEmbeddingModel view = views.get(i % 2);
                calls.add(() -> view.embedAll(segments).content());
            }
            List<Future<List<Embedding>>> results = threads.invokeAll(calls);
            for (int i = 0; i < results.size(); i++) {
                List<Embedding> found = results.get(i).get();
                assertThat(found).as("call %s", i).hasSameSizeAs(segments);
                for (int j = 0; j < found.size(); j++) {
                    assertThat(Texts.cosine(found.get(j), expected.get(i % 2).get(j)))
                            .as("call %s, text %s", i, j)
                            .isGreaterThan(0.9999999);
                }
            }
        } finally {
            threads.shutdownNow();
            model.model().delete("threads");
        }
    }
}
