package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.embedding.request.EmbeddingInputType;
import dev.langchain4j.model.embedding.request.EmbeddingRequest;
import dev.langchain4j.model.embedding.request.EmbeddingRequestParameters;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.task.Embed;

/** The models give the answers of the library to adapters of all tasks, to the bit, or refuse them by name. */
class OneTaskTest {
    private static final List<TextSegment> SEGMENTS =
            OneTask.TEXTS.stream().map(TextSegment::from).toList();

    @TempDir
    private static Path temp;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(temp.resolve("tasks"));
    }

    @Test
    void embeddingsAreThoseOfTheLibrary() throws IOException {
        for (Path folder : tasks.embedders()) {
            try (LoRAEmbeddingModel model = LoRAEmbeddingModel.builder(folder)
                    .adapters(tasks.adapters(folder))
                    .build()) {
                for (String name : List.of(OneTask.SEARCH, OneTask.WHOLE)) {
                    assertThat(embeddings(model, name, null))
                            .isDeepEqualTo(tasks.embeddings(folder, name, Embed.Kind.TEXT));
                    assertThat(embeddings(model, name, EmbeddingInputType.QUERY))
                            .isDeepEqualTo(tasks.embeddings(folder, name, Embed.Kind.QUERY));
                    assertThat(embeddings(model, name, EmbeddingInputType.DOCUMENT))
                            .isDeepEqualTo(tasks.embeddings(folder, name, Embed.Kind.DOCUMENT));
                }
            }
        }
        try (LoRAEmbeddingModel model = LoRAEmbeddingModel.builder(tasks.encoder())
                .adapters(tasks.encoderAdapters())
                .build()) {
            assertThat(model.using(OneTask.SEARCH).dimension()).isEqualTo(3);
            assertThat(model.using(OneTask.SEARCH).maxTokens()).isEqualTo(6);
            for (String other : List.of(OneTask.TOPICS, OneTask.SEVERAL, OneTask.RANK, OneTask.FOLLOWS, OneTask.PEFT)) {
                assertThatThrownBy(() -> model.using(other).embedAll(SEGMENTS))
                        .hasMessageContaining(other)
                        .hasRootCauseMessage(tasks.encoderAdapters().resolve(other)
                                + ": the adapter must be one for a model with the head embedding, found one that "
                                + (other.equals(OneTask.RANK)
                                        ? "scores pairs of texts"
                                        : other.equals(OneTask.FOLLOWS)
                                                ? "classifies pairs of texts"
                                                : "classifies texts")
                                + " with the head "
                                + (List.of(OneTask.PEFT, OneTask.FOLLOWS).contains(other) ? "pooler" : "mean"));
            }
            assertThatThrownBy(() -> model.using(OneTask.SEARCH, OneTask.WHOLE).embedAll(SEGMENTS))
                    .hasMessageContaining("adapters that are used together must cut texts alike");
        }
        try (LoRAEmbeddingModel model = LoRAEmbeddingModel.builder(tasks.encoder())
                .adapter("mine", tasks.encoderAdapters().resolve(OneTask.SEARCH))
                .build()) {
            assertThat(embeddings(
                            model.load("later", tasks.encoderAdapters().resolve(OneTask.SEARCH)),
                            "later",
                            EmbeddingInputType.QUERY))
                    .isDeepEqualTo(tasks.embeddings(tasks.encoder(), OneTask.SEARCH, Embed.Kind.QUERY));
            assertThat(embeddings(model, "mine", EmbeddingInputType.QUERY))
                    .isDeepEqualTo(tasks.embeddings(tasks.encoder(), OneTask.SEARCH, Embed.Kind.QUERY));
        }
    }

    private static float[][] embeddings(LoRAEmbeddingModel model, String name, @Nullable EmbeddingInputType type) {
        var parameters = EmbeddingRequestParameters.builder().modelName(name);
        if (type != null) {
            parameters.inputType(type);
        }
        EmbeddingRequest request = EmbeddingRequest.builder()
                .textSegments(SEGMENTS)
                .parameters(parameters.build())
                .build();
        return model.embed(request).embeddings().stream().map(Embedding::vector).toArray(float[][]::new);
    }

    @Test
    void scoresAreThoseOfTheLibrary() throws IOException {
        try (EncoderFolder encoder = EncoderFolder.open(tasks.encoder());
                LoRAScoringModel model = LoRAScoringModel.builder(encoder)
                        .model(LoRAModel.of(encoder.model().meanClassifier(1, 0)))
                        .adapters(tasks.encoderAdapters())
                        .build()) {
            assertThat(scores(model, OneTask.RANK)).isEqualTo(tasks.scores(tasks.encoder(), OneTask.RANK));
            assertThatThrownBy(() -> scores(model, OneTask.SIMILAR))
                    .hasMessageContaining("'similar' gives pairs of texts a number");
        }
        try (LoRAScoringModel model = LoRAScoringModel.builder(tasks.decoder())
                .adapters(tasks.decoderAdapters())
                .build()) {
            assertThat(scores(model, OneTask.YES)).isEqualTo(tasks.scores(tasks.decoder(), OneTask.YES));
            assertThatThrownBy(() -> scores(model, OneTask.LAST)).hasMessageContaining(OneTask.LAST);
        }
    }

    @Test
    void answersAreThoseOfTheLibrary() throws IOException {
        try (LoRAChatModel model = LoRAChatModel.builder(tasks.chats())
                .adapters(tasks.adapters(tasks.chats()))
                .build()) {
            for (String name : OneTask.ANSWERERS) {
                ChatRequest request = ChatRequest.builder()
                        .messages(UserMessage.from(OneTask.QUERY))
                        .modelName(name)
                        .temperature(0.0)
                        .maxOutputTokens(OneTask.NEW_TOKENS)
                        .build();
                assertThat(model.chat(request).aiMessage().text()).isEqualTo(tasks.answer(name));
            }
        }
    }

    private static double[] scores(LoRAScoringModel model, String name) {
        return model.using(name).scoreAll(SEGMENTS, OneTask.QUERY).content().stream()
                .mapToDouble(Double::doubleValue)
                .toArray();
    }
}
