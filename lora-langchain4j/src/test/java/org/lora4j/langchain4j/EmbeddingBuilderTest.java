package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.embedding.listener.EmbeddingModelErrorContext;
import dev.langchain4j.model.embedding.listener.EmbeddingModelListener;
import dev.langchain4j.model.embedding.listener.EmbeddingModelRequestContext;
import dev.langchain4j.model.embedding.listener.EmbeddingModelResponseContext;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.LoRAModel;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.tokens.Prompts;

/** What the builder sets, on a small encoder with two adapters. */
class EmbeddingBuilderTest {
    private static final String TEXT = "where is my parcel";

    @TempDir
    private Path folder;

    private Path encoder;
    private Path adapters;

    @BeforeEach
    void write() throws IOException {
        encoder = SmallFolders.encoder(folder.resolve("small"));
        adapters = folder.resolve("adapters");
        SmallFolders.encoderAdapter(encoder, adapters.resolve("support"), 1);
        SmallFolders.encoderAdapter(encoder, adapters.resolve("law"), 2);
    }

    private LoRAEmbeddingModel.Builder builder() {
        return LoRAEmbeddingModel.builder(encoder);
    }

    private LoRAEmbeddingModel.Builder withAdapters() {
        return builder().adapter("support", adapters.resolve("support")).adapter("law", adapters.resolve("law"));
    }

    private static EmbeddingRequest request(String modelName) {
        return EmbeddingRequest.builder().input(TEXT).modelName(modelName).build();
    }

    private static Embedding embed(LoRAEmbeddingModel model, String modelName) {
        return model.embed(request(modelName)).embeddings().get(0);
    }

    /** What lora-core computes. */
    private Embedding direct(String adapter, String text) throws IOException {
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            LoRAModel model = LoRAModel.of(opened.sentenceEmbeddings());
            Sequences tokens = opened.tokens(List.of(text));
            return Embedding.from((adapter.isEmpty() ? model.base() : model.load(adapter, adapters.resolve(adapter)))
                    .predict(tokens)
                    .toFloatMatrix()[0]);
        }
    }

    @Test
    void theAdaptersAreThoseOfTheRequests() throws IOException {
        try (LoRAEmbeddingModel model = withAdapters().build()) {
            assertThat(embed(model, "support")).isEqualTo(direct("support", TEXT));
            assertThat(embed(model, "law")).isEqualTo(direct("law", TEXT)).isNotEqualTo(direct("support", TEXT));
            assertThat(embed(model, "small"))
                    .isEqualTo(direct("", TEXT))
                    .isEqualTo(model.embed(TEXT).content());
        }
    }

    @Test
    void shorterEmbeddingsAreTheFirstNumbers() throws IOException {
        try (LoRAEmbeddingModel model = withAdapters().dimensions(3).build()) {
            float[] first = Arrays.copyOf(direct("law", TEXT).vector(), 3);
            Embedding expected = Embedding.from(first);
            expected.normalize();
            assertThat(embed(model, "law").vector())
                    .usingComparatorWithPrecision(1e-6f)
                    .containsExactly(expected.vector());
            assertThat(model.dimension()).isEqualTo(3);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> withAdapters().dimensions(0).build())
                .withMessageStartingWith("dimensions must be between 1 and the ");
    }

    @Test
    void theDefaultIsWhatTheBuilderNames() throws IOException {
        try (LoRAEmbeddingModel model = withAdapters().modelName("law").build()) {
            assertThat(model.modelName()).isEqualTo("small+law");
            assertThat(model.embed(TEXT).content()).isEqualTo(direct("law", TEXT));
            assertThat(embed(model, "small")).isEqualTo(direct("", TEXT));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> withAdapters().modelName("lwa").build())
                .withMessage(
                        "modelName must be small or an adapter of it, [support, law], found 'lwa'; add the adapter to"
                                + " the builder");
    }

    @Test
    void adaptersOfAFolderAreLoadedWhenTheyAreNamed() throws IOException {
        try (LoRAEmbeddingModel model =
                builder().adapters(adapters).modelName("law").build()) {
            assertThat(model.model().names()).containsExactly("law");
            assertThat(embed(model, "support")).isEqualTo(direct("support", TEXT));
            assertThat(model.model().names()).containsExactlyInAnyOrder("law", "support");
            assertThatExceptionOfType(ModelNotFoundException.class)
                    .isThrownBy(() -> embed(model, "../adapters/law"))
                    .withMessage("there is no model '../adapters/law'");
        }
    }

    @Test
    void aViewLoadsItsAdapterFromTheFolder() throws IOException {
        try (LoRAEmbeddingModel loaded = withAdapters().build();
                LoRAEmbeddingModel onDemand = builder().adapters(adapters).build()) {
            assertThat(onDemand.using("law").embed(TEXT).content())
                    .isEqualTo(loaded.using("law").embed(TEXT).content());
            assertThat(onDemand.using("law", "support").embed(TEXT).content())
                    .isEqualTo(loaded.using("law", "support").embed(TEXT).content());
            assertThatExceptionOfType(ModelNotFoundException.class)
                    .isThrownBy(() -> onDemand.using("nobody"))
                    .withMessage("there is no model 'nobody'");
        }
    }

    /** A classifier and a model of tokens have numbers too. */
    @Test
    void whatReturnsNoEmbeddingIsRefused() throws IOException {
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            LoRAModel classifier = LoRAModel.of(opened.model().meanClassifier(3, 7));
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            LoRAEmbeddingModel.builder(opened).model(classifier).build())
                    .withMessage("the model must return an embedding of each text, found a classifier with 3 outputs");
            LoRAModel tokens = LoRAModel.of(opened.model().lastHiddenState());
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            LoRAEmbeddingModel.builder(opened).model(tokens).build())
                    .withMessageContaining("found one with another output, such as that of each token");
        }
    }

    @Test
    void anAdapterThatCannotBeReadIsNotAvailable() throws IOException {
        Files.writeString(adapters.resolve("law").resolve("adapter_config.json"), "{");
        try (LoRAEmbeddingModel model = builder().adapters(adapters).build()) {
            assertThatExceptionOfType(InternalServerException.class)
                    .isThrownBy(() -> embed(model, "law"))
                    .withMessage("the model 'law' is not available now; try again later")
                    .havingCause()
                    .withMessageContaining("adapter_config.json");
        }
    }

    @Test
    void anUnknownNameTellsNothingOfOtherAdapters() throws IOException {
        try (LoRAEmbeddingModel model = withAdapters().build()) {
            assertThatExceptionOfType(ModelNotFoundException.class)
                    .isThrownBy(() -> embed(model, "suport\u0007"))
                    .withMessage("there is no model 'suport\uFFFD'");
        }
    }

    @ParameterizedTest
    @EnumSource
    void theKindOfTheInputChoosesThePrompt(EmbeddingInputType type) throws IOException {
        String prompt = type == EmbeddingInputType.QUERY ? "query: " : "passage: ";
        EmbeddingRequest request = EmbeddingRequest.builder()
                .input(TEXT)
                .modelName("support")
                .inputType(type)
                .build();
        Embedding expected = direct("support", prompt + TEXT);
        try (LoRAEmbeddingModel model = withAdapters().prompts(Prompts.e5()).build()) {
            assertThat(model.embed(request).embeddings()).containsExactly(expected);
            assertThat(embed(model, "support")).isEqualTo(direct("support", TEXT));
        }
        Files.writeString(
                encoder.resolve("config_sentence_transformers.json"),
                "{\"prompts\": {\"query\": \"query: \", \"document\": \"passage: \"}}");
        try (LoRAEmbeddingModel model = withAdapters().build()) {
            assertThat(model.embed(request).embeddings()).containsExactly(expected);
        }
    }

    @Test
    void dimensionsAreNotSupported() throws IOException {
        try (LoRAEmbeddingModel model = builder().build()) {
            EmbeddingRequest request =
                    EmbeddingRequest.builder().input(TEXT).dimensions(3).build();
            assertThatExceptionOfType(UnsupportedFeatureException.class).isThrownBy(() -> model.embed(request));
        }
    }

    @Test
    void whatTheProgramOpenedStaysOpen() throws IOException {
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            LoRAModel adapted = LoRAModel.of(opened.sentenceEmbeddings());
            adapted.load("support", adapters.resolve("support"));
            LoRAEmbeddingModel first =
                    LoRAEmbeddingModel.builder(opened).model(adapted).build();
            assertThat(first.model()).isSameAs(adapted);
            first.close();
            assertThat(embed(first, "support")).isEqualTo(direct("support", TEXT));
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            LoRAEmbeddingModel.builder(opened).modelName("none").build());
            assertThat(opened.tokens(List.of(TEXT)).count()).isOne();
        }
        LoRAEmbeddingModel own = builder().build();
        own.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> own.embed(TEXT))
                .withMessageContaining("the model must not be closed");
    }

    @Test
    void textsAreCutWhereTheBuilderSays() throws IOException {
        try (LoRAEmbeddingModel model = builder().maxTokens(4).build()) {
            assertThat(Texts.inputTokens(model.embed(TEXT))).isEqualTo(2);
        }
    }

    @Test
    void listenersSeeEachCall() throws IOException {
        List<String> seen = new ArrayList<>();
        EmbeddingModelListener listener = new EmbeddingModelListener() {
            @Override
            public void onRequest(EmbeddingModelRequestContext context) {
                seen.add("request");
            }

            @Override
            public void onResponse(EmbeddingModelResponseContext context) {
                seen.add("response of "
                        + Objects.requireNonNull(context.embeddingResponse())
                                .metadata()
                                .modelName());
            }

            @Override
            public void onError(EmbeddingModelErrorContext context) {
                seen.add(String.valueOf(context.error().getMessage()));
            }
        };
        try (LoRAEmbeddingModel model =
                withAdapters().listeners(List.of(listener)).build()) {
            model.embedAll(Texts.segments(List.of(TEXT, TEXT)));
            embed(model, "law");
            assertThatExceptionOfType(ModelNotFoundException.class).isThrownBy(() -> embed(model, "none"));
        }
        assertThat(seen)
                .containsExactly(
                        "request",
                        "response of small",
                        "request",
                        "response of small+law",
                        "request",
                        "there is no model 'none'");
    }

    @Test
    void callsWithDifferentAdaptersAtTheSameTimeDoNotMix() throws IOException {
        List<String> names = List.of("small", "support", "law");
        try (LoRAEmbeddingModel model = builder().adapters(adapters).build()) {
            List<Embedding> expected = List.of(direct("", TEXT), direct("support", TEXT), direct("law", TEXT));
            CompletableFuture<?>[] calls = new CompletableFuture<?>[6];
            for (int i = 0; i < calls.length; i++) {
                int which = i % names.size();
                calls[i] = CompletableFuture.runAsync(() -> {
                    for (int j = 0; j < 50; j++) {
                        assertThat(embed(model, names.get(which))).isEqualTo(expected.get(which));
                    }
                });
            }
            CompletableFuture.allOf(calls).join();
        }
    }
}
