package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.model.output.Response;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.SmallReranker;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.tokens.TextPair;

/** Scores of a small cross-encoder, alone and with adapters. */
class ScoringModelTest {
    private static final String QUERY = "where is my parcel";
    private static final List<String> TEXTS = List.of("it comes today", "today", "my parcel is my parcel");

    @TempDir
    private Path folder;

    private Path encoder;
    private Path adapters;

    @BeforeEach
    void write() throws IOException {
        encoder = SmallFolders.classifier(folder.resolve("cross"), 1);
        adapters = folder.resolve("adapters");
        SmallFolders.encoderAdapter(encoder, adapters.resolve("support"), 1);
        SmallFolders.encoderAdapter(encoder, adapters.resolve("law"), 2);
    }

    private static List<Double> scores(LoRAScoringModel model) {
        return model.scoreAll(Texts.segments(TEXTS), QUERY).content();
    }

    /** The outputs that lora-core computes. */
    private double[] direct(String adapter) throws IOException {
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            LoRAModel model = LoRAModel.of(opened.model().classifier());
            AdapterView view = adapter.isEmpty() ? model.base() : model.load(adapter, adapters.resolve(adapter));
            List<TextPair> pairs =
                    TEXTS.stream().map(text -> new TextPair(QUERY, text)).toList();
            return Arrays.stream(view.predict(opened.pairs(pairs)).toFloatMatrix())
                    .mapToDouble(row -> row[0])
                    .toArray();
        }
    }

    private void assertScores(LoRAScoringModel model, String adapter) throws IOException {
        double[] outputs = direct(adapter);
        List<Double> scores = scores(model);
        assertThat(scores).hasSize(outputs.length);
        for (int i = 0; i < outputs.length; i++) {
            assertThat(scores.get(i)).isCloseTo(1 / (1 + Math.exp(-outputs[i])), within(1e-12));
        }
    }

    @Test
    void theScoresAreThoseOfTheNetwork() throws IOException {
        try (LoRAScoringModel model = LoRAScoringModel.builder(encoder)
                .adapter("support", adapters.resolve("support"))
                .adapter("law", adapters.resolve("law"))
                .modelName("law")
                .build()) {
            assertScores(model, "law");
            assertScores(model.using("support"), "support");
            assertScores(model.base(), "");
            assertScores(model.using("cross"), "");
            assertThat(scores(model)).isNotEqualTo(scores(model.using("support")));
            assertThat(model.using("support").modelName()).isEqualTo("cross+support");
            assertThat(model.score(TEXTS.get(1), QUERY).content())
                    .isCloseTo(scores(model).get(1), within(1e-6));
        }
    }

    @Test
    void theOutputsThemselvesCanBeTheScores() throws IOException {
        try (LoRAScoringModel model =
                LoRAScoringModel.builder(encoder).normalize(false).build()) {
            assertThat(scores(model))
                    .containsExactlyElementsOf(Arrays.stream(direct("")).boxed().toList());
        }
    }

    /** The types of the tokens tell the query and the text apart. */
    @Test
    void theQueryComesFirst() throws IOException {
        try (LoRAScoringModel model = LoRAScoringModel.builder(encoder).build()) {
            assertThat(model.score(QUERY, TEXTS.get(0)).content())
                    .isNotCloseTo(model.score(TEXTS.get(0), QUERY).content(), within(1e-5));
        }
    }

    @Test
    @Tag("slow")
    void adaptersAreLoadedByTheNameOfARequest() throws IOException {
        try (LoRAScoringModel model =
                LoRAScoringModel.builder(encoder).adapters(adapters).build()) {
            CompletableFuture<?>[] calls = new CompletableFuture<?>[6];
            for (int i = 0; i < calls.length; i++) {
                String name = List.of("support", "law").get(i % 2);
                calls[i] = CompletableFuture.runAsync(() -> {
                    try {
                        for (int j = 0; j < 20; j++) {
                            assertScores(model.using(name), name);
                        }
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
            }
            CompletableFuture.allOf(calls).join();
            assertThatExceptionOfType(ModelNotFoundException.class)
                    .isThrownBy(() -> model.using("lwa"))
                    .withMessage("there is no model 'lwa'");
            LoRAScoringModel support = model.using("support");
            model.model().delete("support");
            assertScores(support, "support");
        }
    }

    @Test
    void anAdapterCanBringTheClassifier() throws IOException {
        SmallFolders.encoder(folder.resolve("plain"));
        try (EncoderFolder plain = EncoderFolder.open(folder.resolve("plain"))) {
            LoRAModel trained = LoRAModel.of(plain.model().meanClassifier(1, 3));
            trained.add(
                            "rank",
                            SmallFolders.config(4, "query")
                                    .modulesToSave("classifier")
                                    .build())
                    .save(adapters.resolve("rank"));
            LoRAScoringModel model = LoRAScoringModel.builder(plain)
                    .model(LoRAModel.of(plain.model().meanClassifier(1, 0)))
                    .adapter("rank", adapters.resolve("rank"))
                    .modelName("rank")
                    .normalize(false)
                    .build();
            float expected = trained.using("rank")
                    .predict(plain.pairs(List.of(new TextPair(QUERY, TEXTS.get(0)))))
                    .getFloat(0);
            assertThat(model.score(TEXTS.get(0), QUERY).content()).isEqualTo(expected);
            model.close();
            assertThat(model.score(TEXTS.get(0), QUERY).content()).isEqualTo(expected);
        }
    }

    @Test
    void aModelWithoutOneOutputIsRefused() throws IOException {
        Path none = SmallFolders.encoder(folder.resolve("none"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAScoringModel.builder(none).build())
                .withMessageContaining("the model must have a classifier for scores, found none");
        Path three = SmallFolders.classifier(folder.resolve("three"), 3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAScoringModel.builder(three).build())
                .withMessage("the model must have a classifier with one output for scores, found 3 outputs");
    }

    @Test
    @SuppressWarnings("NullAway") // passes null on purpose
    void noTextsAndTextsThatAreNull() throws IOException {
        LoRAScoringModel model = LoRAScoringModel.builder(encoder).maxTokens(7).build();
        Response<List<Double>> none = model.scoreAll(List.of(), QUERY);
        assertThat(none.content()).isEmpty();
        Response<List<Double>> cut = model.scoreAll(Texts.segments(TEXTS), QUERY);
        assertThat(Objects.requireNonNull(cut.tokenUsage()).inputTokenCount()).isEqualTo(21);
        assertThatNullPointerException()
                .isThrownBy(() -> model.scoreAll(Arrays.asList(TextSegment.from("a"), null), QUERY))
                .withMessage("segments: each must be a text, found null at index 1");
        model.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> scores(model))
                .withMessageContaining("the model must not be closed");
    }

    /** A decoder answers yes or no; its adapter is one of the language model. */
    @Test
    void decodersThatAnswerYesOrNo() throws IOException {
        Path decoder = SmallReranker.write(folder.resolve("reranker"));
        Path adapter = adapters.resolve("yes");
        double[] direct;
        double[] adapted;
        try (TextClassifier reranker = TextClassifier.openReranker(decoder, BaseStorage.of(Precision.FLOAT))) {
            Sequences pairs = reranker.pairs(
                    TEXTS.stream().map(text -> new TextPair(QUERY, text)).toList());
            direct = reranker.scores(pairs);
            LoRAModel model = reranker.model();
            AdapterView view = model.add(
                    "yes",
                    LoRAConfig.builder()
                            .rank(2)
                            .targetModules("q_proj", "v_proj")
                            .init(LoRAInit.random())
                            .build());
            view.save(adapter);
            adapted = Arrays.stream(view.predict(pairs).toFloatMatrix())
                    .mapToDouble(row -> 1 / (1 + Math.exp(-row[0])))
                    .toArray();
        }
        assertThat(direct).isNotEqualTo(adapted);
        try (LoRAScoringModel model =
                LoRAScoringModel.builder(decoder).adapter("yes", adapter).build()) {
            assertClose(scores(model.base()), direct);
            assertClose(scores(model.using("yes")), adapted);
            String query = "parcel ".repeat(200);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.scoreAll(Texts.segments(TEXTS), query))
                    .withMessageContaining("the query must leave room for a document");
        }
        try (DecoderFolder opened = DecoderFolder.open(decoder)) {
            LoRAScoringModel model = LoRAScoringModel.builder(opened).build();
            assertClose(scores(model), direct);
            model.close();
            assertThat(opened.tokenizer().encode(List.of("my parcel"))).hasSize(1);
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () -> LoRAScoringModel.builder(opened).maxTokens(0).build())
                    .withMessageContaining("maxTokens must be between 1 and");
            assertThat(opened.tokenizer().encode(List.of("my parcel"))).hasSize(1);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> LoRAScoringModel.builder(decoder).maxTokens(20).build())
                .withMessageContaining("maxTokens must be at least");
        Path letters = SmallFolders.decoder(folder.resolve("letters"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAScoringModel.builder(letters).build())
                .withMessageContaining("found a decoder without the token 'yes'");
    }

    private static void assertClose(List<Double> actual, double[] expected) {
        assertThat(actual.stream().mapToDouble(Double::doubleValue).toArray()).containsExactly(expected, within(1e-6));
    }
}
