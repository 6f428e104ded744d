package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.response.EmbeddingResponse;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;

/** The requests of LangChain4j, texts that are null, and models that are closed. */
@Tag("slow")
class RequestsTest {
    private static final String TEXT = "Where is my parcel?";

    private static LoRAEmbeddingModel base;

    @BeforeAll
    static void load() throws IOException {
        base = LoRAEmbeddingModel.of(MiniLm.folder());
        for (String adapter : List.of("support", "law")) {
            LoRAConfig config = LoRAConfig.builder()
                    .rank(2)
                    .alpha(16)
                    .targetModules("query")
                    .init(LoRAInit.random())
                    .seed(adapter.length())
                    .build();
            base.model().add(adapter, config);
        }
    }

    @AfterAll
    static void close() {
        base.close();
    }

    private static Embedding embed(LoRAEmbeddingModel model) {
        return model.embed(TEXT).content();
    }

    private static LoRAEmbeddingModel view(String adapter) {
        return adapter.isEmpty() ? base : base.using(adapter);
    }

    @ParameterizedTest
    @CsvSource({
        "'', all-MiniLM-L6-v2, ''",
        "'', support, support",
        "'', all-MiniLM-L6-v2+law, law",
        "support, all-MiniLM-L6-v2+support, support",
        "support, law, law",
        "support, all-MiniLM-L6-v2, ''"
    })
    void theNameOfTheModelChoosesTheAdapter(String ofView, String name, String expected) {
        EmbeddingRequest request =
                EmbeddingRequest.builder().input(TEXT).modelName(name).build();
        EmbeddingResponse response = view(ofView).embed(request);
        assertThat(response.embeddings()).containsExactly(embed(view(expected)));
        assertThat(response.metadata().modelName()).isEqualTo(view(expected).modelName());
    }

    @Test
    void aRequestWithoutANameIsThatOfTheView() {
        EmbeddingRequest request = EmbeddingRequest.builder().input(TEXT).build();
        assertThat(base.using("law").embed(request).embeddings()).containsExactly(embed(base.using("law")));
        assertThat(embed(base.using("law"))).isNotEqualTo(embed(base));
    }

    @Test
    void anUnknownNameIsRefused() {
        EmbeddingRequest request =
                EmbeddingRequest.builder().input(TEXT).modelName("suport").build();
        assertThatThrownBy(() -> base.embed(request))
                .isInstanceOf(ModelNotFoundException.class)
                .hasMessage("there is no model 'suport'");
    }

    @ParameterizedTest
    @EnumSource
    void queriesAndDocumentsAreEmbeddedAlike(EmbeddingInputType type) {
        EmbeddingRequest request =
                EmbeddingRequest.builder().input(TEXT).inputType(type).build();
        assertThat(base.embed(request).embeddings()).containsExactly(embed(base));
    }

    @Test
    void fewerDimensionsAreRefused() {
        EmbeddingRequest request =
                EmbeddingRequest.builder().input(TEXT).dimensions(8).build();
        assertThatThrownBy(() -> base.embed(request)).hasMessageContaining("dimensions");
    }

    @Test
    @SuppressWarnings("NullAway") // passes null on purpose
    void aTextThatIsNullIsNamedByItsPlace() {
        assertThatNullPointerException()
                .isThrownBy(() -> base.embedAll(Arrays.asList(TextSegment.from(TEXT), null)))
                .withMessage("segments: each must be a text, found null at index 1");
        assertThatNullPointerException()
                .isThrownBy(() -> base.embed((TextSegment) null))
                .withMessage("segment must not be null");
        assertThatNullPointerException()
                .isThrownBy(() -> base.tokens(Arrays.asList(TEXT, TEXT, null)))
                .withMessage("texts: each must be a text, found null at index 2");
    }

    @Test
    void aClosedModelSaysSo() throws Exception {
        LoRAEmbeddingModel view;
        try (LoRAEmbeddingModel model = LoRAEmbeddingModel.of(MiniLm.folder())) {
            view = model.base();
            assertThat(embed(view)).isEqualTo(embed(base));
        }
        view.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> embed(view))
                .withMessageContaining("the model must not be closed");
        assertThat(view.maxTokens()).isEqualTo(512);
    }

    @Test
    void closingWaitsForTheCallsThatUseTheTokenizer() throws Exception {
        LoRAEmbeddingModel model = LoRAEmbeddingModel.of(MiniLm.folder());
        List<String> texts = List.of(Texts.LONG, Texts.LONG, Texts.LONG);
        CompletableFuture<?>[] calls = new CompletableFuture<?>[4];
        for (int i = 0; i < calls.length; i++) {
            calls[i] = CompletableFuture.runAsync(() -> {
                try {
                    for (int j = 0; j < 200; j++) {
                        model.tokens(texts);
                    }
                } catch (IllegalStateException e) {
                    assertThat(e).hasMessageContaining("must not be closed");
                }
            });
        }
        model.close();
        CompletableFuture.allOf(calls).get();
    }
}
