package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.micrometer.core.instrument.binder.MeterBinder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.corrections.Corrections;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.Answer;
import org.lora4j.text.TextService;
import org.lora4j.text.job.Hyperparameters;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobMethod;
import org.lora4j.text.job.JobRequest;
import org.lora4j.text.job.JobState;
import org.lora4j.text.job.Promotion;
import org.lora4j.text.job.TrainingService;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.web.server.ResponseStatusException;

/** Jobs that train adapters in the program that serves them. */
@MustEnd
class TrainingTest {
    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    LoRAAutoConfiguration.class,
                    LoRATrainingAutoConfiguration.class,
                    LoRAMetricsAutoConfiguration.class,
                    LoRAHealthAutoConfiguration.class));

    @TempDir
    private Path folder;

    private Path adapters;
    private Path rows;

    @BeforeEach
    void writeFolders() throws IOException {
        adapters = Files.createDirectories(folder.resolve("adapters"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            lines.append("{\"text\": \"")
                    .append(i % 2 == 0 ? "where is my parcel" : "thank you")
                    .append(" ".repeat(i % 2))
                    .append("\", \"label\": \"")
                    .append(i % 2 == 0 ? "delivery" : "praise")
                    .append("\"}\n");
        }
        rows = Files.writeString(folder.resolve("rows.jsonl"), lines);
    }

    private ApplicationContextRunner trained(String... properties) {
        return runner.withPropertyValues(
                        "lora.model.path=" + Folders.encoder(folder.resolve("encoder")),
                        "lora.adapters.path=" + adapters,
                        "lora.training.path=" + folder.resolve("jobs"))
                .withPropertyValues(properties);
    }

    private JobRequest request(String name) {
        return JobRequest.of(JobMethod.CLASSIFY, "acme", rows)
                .hyperparameters(new Hyperparameters(1, 8, null, null))
                .serveAs(name, Promotion.ALWAYS)
                .build();
    }

    @Test
    void anAdapterIsTrainedAndServed() {
        trained("lora.training.share=0.4").run(context -> {
            TrainingService trainings = context.getBean(TrainingService.class);
            SimpleMeterRegistry registry = new SimpleMeterRegistry();
            context.getBeansOfType(MeterBinder.class).values().forEach(binder -> binder.bindTo(registry));
            Job job = trainings.submit(request("topics"));
            assertThat(job.await(Duration.ofMinutes(5))).isEqualTo(JobState.SUCCEEDED);
            TextService texts = context.getBean(TextService.class);
            for (String name : List.of("topics", job.adapter())) {
                assertThat(texts.answer(Classify.class, name, List.of("where is my parcel"), RequestOptions.defaults())
                                .values()
                                .get(0)
                                .labels()
                                .names())
                        .containsExactly("delivery", "praise");
            }
            assertThat(registry.get("lora.training.jobs")
                            .tag("state", "succeeded")
                            .gauge()
                            .value())
                    .isEqualTo(1);
            assertThat(registry.get("lora.training.step").gauge().value()).isZero();
            assertThat(registry.get("lora.training.tokens").functionCounter().count())
                    .isEqualTo((double) trainings.use().tokens())
                    .isPositive();
            assertThat(registry.get("lora.training.time")
                            .tag("state", "computing")
                            .functionCounter()
                            .count())
                    .isPositive();
            assertThat(context.getBean(ServingHealth.class).details()).containsKey("trainings");

            // The next adapter of the name is served at once.
            Answer<ClassScores> before = ask(texts);
            Files.writeString(rows, Files.readString(rows).replace("delivery", "shipping"));
            assertThat(trainings.submit(request("topics")).await(Duration.ofMinutes(5)))
                    .isEqualTo(JobState.SUCCEEDED);
            Answer<ClassScores> after = ask(texts);
            assertThat(after.adapter()).isNotEqualTo(before.adapter());
            assertThat(after.values().get(0).labels().names()).containsExactly("praise", "shipping");
        });
    }

    private static Answer<ClassScores> ask(TextService texts) throws InterruptedException {
        return texts.answer(Classify.class, "topics", List.of("thank you"), RequestOptions.defaults());
    }

    @Test
    void nothingTrainsWithoutAFolder() {
        runner.withPropertyValues(
                        "lora.model.path=" + Folders.encoder(folder.resolve("encoder")), "lora.training.share=0.4")
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .doesNotHaveBean(TrainingService.class)
                        .doesNotHaveBean("loraTrainingMeters"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    lora.training.share=2   | share must be above 0 and at most 1, found 2.0
                    lora.training.at-once=0 | atOnce must be at least 1, found 0
                    """)
    void aWrongNumberEndsTheStart(String property, String message) {
        trained(property)
                .run(context ->
                        assertThat(context.getStartupFailure()).rootCause().hasMessageContaining(message));
    }

    @Test
    void correctionsBecomeAnAdapter() {
        Path files = folder.resolve("corrections");
        trained("corrections.path=" + files, "tenants=acme")
                .withUserConfiguration(Corrections.class)
                .run(context -> {
                    Files.createDirectories(files);
                    Corrections corrections = context.getBean(Corrections.class);
                    for (int i = 0; i < 60; i++) {
                        corrections.add(
                                "acme",
                                new Corrections.Correction(
                                        i % 2 == 0 ? "where is it" : "thank you", i % 2 == 0 ? "delivery" : "praise"));
                    }
                    assertThatExceptionOfType(ResponseStatusException.class)
                            .isThrownBy(() -> corrections.add("../acme", new Corrections.Correction("a", "b")));
                    corrections.train();
                    Job job = context.getBean(TrainingService.class).jobs().get(0);
                    assertThat(job.await(Duration.ofMinutes(5))).isEqualTo(JobState.SUCCEEDED);
                    assertThat(job.comparisons()).isNotEmpty();
                    assertThat(Set.of("acme")).contains(job.serveAs().orElseThrow());
                });
    }
}
