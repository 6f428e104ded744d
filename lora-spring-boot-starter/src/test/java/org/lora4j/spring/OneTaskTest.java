package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.text.TextService;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.PairScore;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.Tag;
import org.lora4j.text.tokens.TextWords;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.document.Document;
import org.springframework.ai.embedding.BatchingStrategy;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.embedding.EmbeddingOptions;
import org.springframework.ai.embedding.EmbeddingRequest;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;

/** The beans give the answers of the library to adapters of all tasks, to the bit, or refuse them by name. */
@MustEnd
class OneTaskTest {
    @TempDir
    private static Path temp;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(temp.resolve("tasks"));
    }

    private static ApplicationContextRunner service(Path model) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(LoRAAutoConfiguration.class, LoRAAiAutoConfiguration.class))
                .withPropertyValues("lora.model.path=" + model, "lora.adapters.path=" + tasks.adapters(model));
    }

    @Test
    void springAisEmbeddingsAreThoseOfTheLibrary() {
        tasks.embedders().forEach(OneTaskTest::requireEmbeddings);
        service(tasks.encoder()).run(context -> {
            EmbeddingModel model = context.getBean(EmbeddingModel.class);
            EmbeddingOptions other =
                    EmbeddingOptions.builder().model(OneTask.TOPICS).build();
            assertThatThrownBy(() -> model.call(new EmbeddingRequest(OneTask.TEXTS, other)))
                    .isInstanceOf(ServingException.class)
                    .hasMessageContaining("'topics' classifies texts");
        });
    }

    private static void requireEmbeddings(Path folder) {
        service(folder).run(context -> {
            EmbeddingModel model = context.getBean(EmbeddingModel.class);
            for (String name : List.of(OneTask.SEARCH, OneTask.WHOLE)) {
                EmbeddingOptions options =
                        EmbeddingOptions.builder().model(name).build();
                assertThat(model.call(new EmbeddingRequest(OneTask.TEXTS, options)).getResults().stream()
                                .map(one -> one.getOutput())
                                .toArray(float[][]::new))
                        .isDeepEqualTo(tasks.embeddings(folder, name, Embed.Kind.QUERY));
                BatchingStrategy together = documents -> List.of(documents);
                assertThat(model.embed(OneTask.TEXTS.stream().map(Document::new).toList(), options, together)
                                .toArray(float[][]::new))
                        .isDeepEqualTo(tasks.embeddings(folder, name, Embed.Kind.DOCUMENT));
            }
        });
    }

    @Test
    void springAisAnswersAreThoseOfTheLibrary() {
        service(tasks.chats()).run(context -> {
            ChatModel model = context.getBean(ChatModel.class);
            for (String name : OneTask.ANSWERERS) {
                ChatOptions options = ChatOptions.builder()
                        .model(name)
                        .temperature(0.0)
                        .maxTokens(OneTask.NEW_TOKENS)
                        .build();
                assertThat(Objects.requireNonNull(model.call(new Prompt(OneTask.QUERY, options))
                                        .getResult())
                                .getOutput()
                                .getText())
                        .isEqualTo(tasks.answer(name));
            }
        });
    }

    @Test
    void classesAndScoresAreThoseOfTheLibrary() {
        service(tasks.encoder()).run(context -> {
            TextService texts = context.getBean(TextService.class);
            for (String name : List.of(OneTask.TOPICS, OneTask.TONES, OneTask.PEFT, OneTask.SEVERAL, OneTask.NUMBER)) {
                requireClasses(texts, tasks.encoder(), name);
            }
            requireScores(texts, tasks.encoder(), OneTask.RANK);
            for (String name : List.of(OneTask.SIMILAR, OneTask.FOLLOWS)) {
                assertThat(texts.answer(ClassifyPairs.class, name, OneTask.PAIRS, RequestOptions.defaults())
                                .values())
                        .isEqualTo(tasks.pairClasses(tasks.encoder(), name));
            }
            assertThatThrownBy(() ->
                            texts.answer(Classify.class, OneTask.SIMILAR, OneTask.TEXTS, RequestOptions.defaults()))
                    .isInstanceOf(ServingException.class)
                    .hasMessageContaining("'similar' gives pairs of texts a number");
            requireTags(texts, tasks.encoder());
        });
        service(tasks.decoder()).run(context -> {
            TextService texts = context.getBean(TextService.class);
            for (String name : List.of(OneTask.LAST, OneTask.SEVERAL, OneTask.NUMBER)) {
                requireClasses(texts, tasks.decoder(), name);
            }
            requireScores(texts, tasks.decoder(), OneTask.YES);
            requireTags(texts, tasks.decoder());
            GenerationRequest asked = GenerationRequest.of(
                    OneTask.LAST, new int[] {1, 2}, GenerationOptions.greedy().withMaxTokens(2));
            assertThatThrownBy(() -> context.getBean(GenerationService.class)
                            .generate(asked)
                            .result()
                            .join())
                    .hasStackTraceContaining("the adapter 'last' generates no text");
        });
    }

    private static void requireTags(TextService texts, Path model) throws IOException {
        for (String name : OneTask.TAGGERS) {
            assertThat(texts.answer(
                                    Tag.class,
                                    name,
                                    OneTask.TEXTS.stream().map(TextWords::of).toList(),
                                    RequestOptions.defaults())
                            .values())
                    .isEqualTo(tasks.tags(model, name));
        }
    }

    private static void requireClasses(TextService texts, Path model, String name) throws IOException {
        List<ClassScores> found = texts.answer(Classify.class, name, OneTask.TEXTS, RequestOptions.defaults())
                .values();
        for (int i = 0; i < found.size(); i++) {
            Map<String, Double> byLabel = new TreeMap<>();
            for (int j = 0; j < found.get(i).values().size(); j++) {
                byLabel.put(found.get(i).labels().name(j), found.get(i).values().get(j));
            }
            assertThat(byLabel).isEqualTo(tasks.classes(model, name).get(i));
        }
        assertThat(found).isEqualTo(tasks.classScores(model, name));
    }

    private static void requireScores(TextService texts, Path model, String name) throws IOException {
        assertThat(texts.answer(Rerank.class, name, OneTask.PAIRS, RequestOptions.defaults()).values().stream()
                        .mapToDouble(PairScore::probability)
                        .toArray())
                .isEqualTo(tasks.scores(model, name));
    }

    /** The program on the guide's page, and what health and metrics say of it. */
    @Test
    void aProgramAnswersOverHttp() throws Exception {
        try (ConfigurableApplicationContext context = SpringApplication.run(
                Application.class,
                "--server.port=0",
                "--server.address=127.0.0.1",
                "--lora.model.path=" + tasks.decoder(),
                "--lora.adapters.path=" + tasks.decoderAdapters(),
                "--management.endpoints.web.exposure.include=health,prometheus")) {
            Map<String, Double> classes =
                    tasks.classes(tasks.decoder(), OneTask.LAST).get(0);
            String best = Collections.max(classes.entrySet(), Map.Entry.comparingByValue())
                    .getKey();
            assertThat(get(context, "/classify/last?text=where+is+my+parcel").body())
                    .isEqualTo(best);
            String score = get(context, "/score/yes?query=where+is+my+parcel&document=never+where")
                    .body();
            // It is computed alone here, and with others there.
            assertThat(Double.parseDouble(score))
                    .isCloseTo(tasks.scores(tasks.decoder(), OneTask.YES)[2], within(1e-6));
            assertThat(get(context, "/score/last?query=a&document=b").statusCode())
                    .isEqualTo(400);
            assertThat(get(context, "/actuator/health").body()).contains("UP");
            Patience.await(() -> get(context, "/actuator/prometheus")
                    .body()
                    .contains("lora_requests_total{adapter=\"last\",outcome=\"completed\"} 1.0"));
        }
    }

    private static HttpResponse<String> get(ConfigurableApplicationContext context, String path)
            throws IOException, InterruptedException {
        URI address =
                URI.create("http://127.0.0.1:" + context.getEnvironment().getProperty("local.server.port") + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
    }
}
