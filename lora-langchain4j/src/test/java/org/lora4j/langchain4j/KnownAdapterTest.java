package org.lora4j.langchain4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.model.chat.request.ChatRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.KnownAdapter;
import org.lora4j.text.EncoderFolder;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Each model computes with the adapter that was asked for: as the model that has the update in its weight. */
class KnownAdapterTest {
    private static final String TEXT = "where is my parcel";

    @TempDir
    private Path temp;

    private KnownAdapter known(Path model, String module) throws IOException {
        return KnownAdapter.write(model, temp.resolve("known"), temp.resolve("changed"), module, 1);
    }

    @Test
    void embeddings() throws IOException {
        Path encoder = SmallFolders.encoder(temp.resolve("encoder"));
        KnownAdapter known = known(encoder, "attention.self.query");
        try (LoRAEmbeddingModel model = LoRAEmbeddingModel.builder(encoder)
                        .adapter("known", known.adapter())
                        .build();
                LoRAEmbeddingModel changed = LoRAEmbeddingModel.of(known.changed())) {
            float[] expected = changed.embed(TEXT).content().vector();
            assertThat(model.using("known").embed(TEXT).content().vector()).containsExactly(expected, within(1e-5f));
            assertThat(model.base().embed(TEXT).content().vector()[0]).isNotCloseTo(expected[0], within(1e-4f));
        }
    }

    @Test
    void scores() throws IOException {
        Path encoder = SmallFolders.classifier(temp.resolve("encoder"), 1);
        KnownAdapter known = known(encoder, "attention.self.query");
        try (LoRAScoringModel model = LoRAScoringModel.builder(encoder)
                        .adapter("known", known.adapter())
                        .build();
                LoRAScoringModel changed =
                        LoRAScoringModel.builder(known.changed()).build()) {
            double expected = changed.score("it comes", TEXT).content();
            assertThat(model.using("known").score("it comes", TEXT).content()).isCloseTo(expected, within(1e-5));
            assertThat(model.base().score("it comes", TEXT).content()).isNotCloseTo(expected, within(1e-5));
        }
    }

    private static String chat(LoRAChatModel model, String name) {
        return model.chat(ChatRequest.builder()
                        .messages(UserMessage.from("where"))
                        .modelName(name)
                        .build())
                .aiMessage()
                .text();
    }

    @Test
    void chats() throws IOException {
        Path decoder = SmallFolders.decoder(temp.resolve("tiny"));
        KnownAdapter known = known(decoder, "self_attn.q_proj");
        try (LoRAChatModel model = LoRAChatModel.builder(decoder)
                        .adapter("known", known.adapter())
                        .temperature(0)
                        .maxOutputTokens(12)
                        .build();
                LoRAChatModel changed = LoRAChatModel.builder(known.changed())
                        .temperature(0)
                        .maxOutputTokens(12)
                        .build()) {
            assertThat(chat(model, "known")).isEqualTo(chat(changed, "changed")).isNotEqualTo(chat(model, "tiny"));
        }
    }

    @Test
    void anAdapterWithSeveralOutputsGivesNoScore() throws IOException {
        Path folder = SmallFolders.classifier(temp.resolve("encoder"), 1);
        try (EncoderFolder encoder = EncoderFolder.open(folder)) {
            LoRAModel classifiers = LoRAModel.of(encoder.model().classifier());
            LoRAConfig config = LoRAConfig.builder()
                    .rank(1)
                    .targetModules("query")
                    .modulesToSave("classifier")
                    .build();
            LoRAAdapter made =
                    LoRAAdapter.initialize(classifiers.network(), config).adapter();
            INDArray weight = Nd4j.rand(
                    3, (int) classifiers.network().linear("classifier").shape()[1]);
            classifiers.add(
                    "topics",
                    new LoRAAdapter(
                            made.config(),
                            made.weights(),
                            Map.of(),
                            Map.of("classifier", new LoRAAdapter.SavedModule(weight, Nd4j.zeros(3)))));
            try (LoRAScoringModel model =
                    LoRAScoringModel.builder(encoder).model(classifiers).build()) {
                assertThatThrownBy(() -> model.using("topics").score("it comes", TEXT))
                        .hasStackTraceContaining(
                                "the adapter must have a classifier with one output for scores, found 3 outputs");
                assertThat(List.of(model.base().score("it comes", TEXT).content()))
                        .hasSize(1);
            }
        }
    }
}
