package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.text.TextService;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.PairScore;
import org.lora4j.text.task.Rerank;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.BatchingStrategy;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** The beans give the answers of the library to adapters of all tasks, to the bit, or refuse them by name. */
class OneTaskTest {
    @TempDir
    private static Path temp;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(temp.resolve("tasks"));
    }

    private static ApplicationContextRunner service() {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class))
                .withPropertyValues(
                        "lora.model.path=" + tasks.encoder(), "lora.adapters.path=" + tasks.encoderAdapters());
    }

    @Test
    void springAisEmbeddingsAreThoseOfTheLibrary() {
        service().run(context -> {
            EmbeddingModel model = context.getBean(EmbeddingModel.class);
            for (String name : List.of(OneTask.SEARCH, OneTask.WHOLE)) {
                EmbeddingOptions options =
                        EmbeddingOptions.builder().model(name).build();
                assertThat(model.call(new EmbeddingRequest(OneTask.TEXTS, options)).getResults().stream()
                                .map(one -> one.getOutput())
                                .toArray(float[][]::new))
                        .isDeepEqualTo(tasks.embeddings(name, Embed.Kind.QUERY));
                BatchingStrategy together = documents -> List.of(documents);
                assertThat(model.embed(OneTask.TEXTS.stream().map(Document::new).toList(), options, together)
                                .toArray(float[][]::new))
                        .isDeepEqualTo(tasks.embeddings(name, Embed.Kind.DOCUMENT));
            }
            EmbeddingOptions other =
                    EmbeddingOptions.builder().model(OneTask.TOPICS).build();
            assertThatThrownBy(() -> model.call(new EmbeddingRequest(OneTask.TEXTS, other)))
                    .isInstanceOf(ServingException.class)
                    .hasMessageContaining("'topics' classifies texts");
        });
    }

    @Test
    void classesAndScoresAreThoseOfTheLibrary() {
        service().run(context -> {
            TextService texts = context.getBean(TextService.class);
            for (String name : List.of(OneTask.TOPICS, OneTask.TONES, OneTask.PEFT)) {
                List<ClassScores> found = texts.answer(Classify.class, name, OneTask.TEXTS, RequestOptions.defaults())
                        .values();
                for (int i = 0; i < found.size(); i++) {
                    ClassScores scores = found.get(i);
                    assertThat(tasks.classes(tasks.encoder(), name).get(i))
                            .containsEntry(
                                    scores.best(),
                                    scores.values().stream()
                                            .mapToDouble(Double::doubleValue)
                                            .max()
                                            .orElseThrow());
                }
            }
            assertThat(
                            texts
                                    .answer(Rerank.class, OneTask.RANK, OneTask.PAIRS, RequestOptions.defaults())
                                    .values()
                                    .stream()
                                    .mapToDouble(PairScore::probability)
                                    .toArray())
                    .isEqualTo(tasks.scores(tasks.encoder(), OneTask.RANK));
        });
    }
}
