package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.task.TaskSettings;

/** The adapter that has the name is measured as it is served: with its own limit and its own order of labels. */
@MustEnd
class ComparisonWithServedTest {
    @TempDir
    private static Path models;

    private static TextModel encoder;

    @TempDir
    private Path temp;

    @BeforeAll
    static void open() throws IOException {
        encoder = TextModel.open(
                ModelSource.of(CompleteEncoder.write(models.resolve("encoder")).folder()),
                BaseStorage.of(Precision.FLOAT));
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private TrainingService service() throws IOException {
        return TrainingService.builder(encoder, temp.resolve("jobs"))
                .adapters(temp.resolve("adapters"), name -> {})
                .build();
    }

    private Path served() {
        return temp.resolve("adapters/served");
    }

    /** What decides stands at the end of a text, so a limit of three tokens cuts it off. */
    private Path rows(JobMethod method) throws IOException {
        List<String> rows = IntStream.range(0, 40)
                .mapToObj(i -> {
                    boolean isFirst = i % 2 == 0;
                    String text = "\"text\": \"is is is w" + i / 2 + (isFirst ? " parcel\"" : " where\"");
                    return switch (method) {
                        case CLASSIFY -> "{" + text + ", \"label\": \"" + (isFirst ? "mail" : "place") + "\"}";
                        case LABELS -> "{" + text + ", \"labels\": [\"" + (isFirst ? "mail" : "place") + "\"]}";
                        case NUMBER -> "{" + text + ", \"number\": " + i % 2 + "}";
                        case TAG ->
                            "{\"tokens\": [\"is\", \"is\", \"is\", \"" + (isFirst ? "parcel" : "where")
                                    + "\"], \"tags\": [\"O\", \"O\", \"O\", \"" + (isFirst ? "B-mail" : "B-place")
                                    + "\"]}";
                        default ->
                            "{\"query\": \"my w" + i
                                    + "\", \"positive\": \"is is is parcel\", \"negative\": \"is is is where\"}";
                    };
                })
                .toList();
        return Files.write(temp.resolve("rows.jsonl"), rows);
    }

    private Job train(JobMethod method, Promotion promotion) throws Exception {
        Path data = rows(method);
        try (TrainingService trainings = service()) {
            Job job = trainings.submit(JobRequest.of(method, "acme", data)
                    .validation(data)
                    .hyperparameters(new Hyperparameters(8, 8, 20.0, null))
                    .seed(1)
                    .serveAs("served", promotion)
                    .build());
            assertThat(job.await(Duration.ofMinutes(2)))
                    .as(() -> job + ": " + job.error().orElse(null))
                    .isEqualTo(JobState.SUCCEEDED);
            return job;
        }
    }

    private Task task() throws IOException {
        return SavedAdapter.read(served()).task().orElseThrow();
    }

    /** Returns the adapter of the same training beside the one that is served, whose task is another now. */
    private JobComparison beside(JobMethod method, Task task) throws Exception {
        TaskFile.write(task, served());
        List<JobComparison> found = train(method, Promotion.IF_BETTER).comparisons();
        assertThat(found).hasSize(2);
        return found.get(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = JobMethod.class,
            names = {"CLASSIFY", "LABELS", "NUMBER", "TAG", "RERANK"})
    void anotherLimitIsNoOtherTask(JobMethod method) throws Exception {
        train(method, Promotion.ALWAYS);
        Task trained = task();

        JobComparison same = beside(method, trained.with(TaskSettings.ofMaxTokens(OptionalInt.of(16))));
        assertThat(same.other()).isEqualTo(same.adapter());
        assertThat(same.difference().isBetter()).isFalse();

        JobComparison cut = beside(method, trained.with(TaskSettings.ofMaxTokens(OptionalInt.of(4))));
        assertThat(cut.adapter()).isEqualTo(same.adapter());
        assertThat(cut.rows()).isEqualTo(same.rows());
        if (method == JobMethod.TAG) { // a tagger reads a longer text in pieces, and loses none of its words
            assertThat(cut.other()).isEqualTo(cut.adapter());
        } else {
            assertThat(cut.other()).isNotEqualTo(cut.adapter());
        }
    }

    @Test
    void labelsStandAsTheFileOfTheAdapterSays() throws Exception {
        train(JobMethod.CLASSIFY, Promotion.ALWAYS);
        Classify trained = (Classify) task();

        Classify turned = new Classify(Labels.of(List.of("place", "mail")), trained.head(), trained.maxTokens());
        JobComparison found = beside(JobMethod.CLASSIFY, turned);
        assertThat(found.adapter()).isGreaterThan(0.8);
        assertThat(found.other()).isCloseTo(1 - found.adapter(), within(1e-9));
    }

    @Test
    void aNumberMayHaveAnotherName() throws Exception {
        train(JobMethod.NUMBER, Promotion.ALWAYS);
        Classify trained = (Classify) task();

        JobComparison found =
                beside(JobMethod.NUMBER, new Classify(Outputs.number("price"), trained.head(), trained.maxTokens()));
        assertThat(found.other()).isEqualTo(found.adapter());
    }

    private void assertRefused(JobMethod method, String message) throws Exception {
        Job job = train(method, Promotion.IF_BETTER);
        assertThat(job.comparisons()).hasSize(1);
        assertThat(job.isPromoted()).isFalse();
        assertThat(job.events(null, 1_000))
                .extracting(JobEvent::message)
                .anyMatch(text -> text.contains("cannot be compared: " + message));
    }

    @Test
    void anotherTaskIsNotCompared() throws Exception {
        train(JobMethod.CLASSIFY, Promotion.ALWAYS);
        Classify trained = (Classify) task();

        TaskFile.write(new ClassifyPairs(trained), served());
        assertRefused(
                JobMethod.CLASSIFY,
                "it is for another task: it must be one that classifies texts with the head mean, "
                        + "single_label_classification, found one that classifies pairs of texts");
        TaskFile.write(new Classify(Outputs.anyOf(trained.labels()), trained.head(), trained.maxTokens()), served());
        assertRefused(JobMethod.CLASSIFY, "it is for another task: it must be one that classifies texts");
        TaskFile.write(new Classify(Labels.of(List.of("mail", "port")), trained.head(), trained.maxTokens()), served());
        assertRefused(JobMethod.CLASSIFY, "it must have the labels [mail, place], found [mail, port]");
        Files.delete(served().resolve(TaskFile.NAME));
        assertRefused(JobMethod.CLASSIFY, "its labels must stand in task.json, found no such file");
    }
}
