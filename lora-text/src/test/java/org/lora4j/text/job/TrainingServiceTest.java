package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.fixtures.SmallReranker;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.text.tokens.TextPair;

/** Jobs become adapters that are served, whatever happens on the way. */
@MustEnd
class TrainingServiceTest {
    /** Jobs on answers at random; {@code -Djobs.random=100} runs more than the default. */
    private static final int RANDOM_JOBS = Integer.getInteger("jobs.random", 6);

    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir
    private static Path models;

    private static TextModel encoder;
    private static TextModel decoder;

    @TempDir
    private Path temp;

    private final List<String> changed = new ArrayList<>();

    @BeforeAll
    static void open() throws IOException {
        BaseStorage storage = BaseStorage.of(Precision.FLOAT);
        encoder = TextModel.open(
                ModelSource.of(CompleteEncoder.write(models.resolve("encoder")).folder()), storage);
        decoder = TextModel.open(ModelSource.of(SmallReranker.write(models.resolve("decoder"))), storage);
    }

    @AfterAll
    static void close() {
        encoder.close();
        decoder.close();
    }

    private TrainingService.Builder builder(TextModel model) {
        return TrainingService.builder(model, temp.resolve("jobs"))
                .adapters(temp.resolve("adapters"), changed::add)
                .checkpointEvery(Duration.ofMillis(50));
    }

    private Path topics(String name, int rows, Supplier<String> label) throws IOException {
        StringBuilder text = new StringBuilder("text,label\n");
        for (int i = 0; i < rows; i++) {
            String given = label.get();
            text.append(given.equals("cats") ? "my parcel " : "where is ")
                    .append("w")
                    .append(i)
                    .append(',')
                    .append(given)
                    .append('\n');
        }
        return Files.writeString(temp.resolve(name), text);
    }

    private Path topics(String name, int rows) throws IOException {
        int[] i = {0};
        return topics(name, rows, () -> i[0]++ % 2 == 0 ? "cats" : "ships");
    }

    private Path answers(String name, int rows) throws IOException {
        return Files.write(
                temp.resolve(name),
                IntStream.range(0, rows)
                        .mapToObj(i -> "{\"prompt\": \"where is " + i + "\", \"completion\": \"blue " + i % 3 + "\"}")
                        .toList());
    }

    private static Hyperparameters steps(int epochs, int batch) {
        return new Hyperparameters(epochs, batch, null, null);
    }

    private static List<String> messages(Job job) throws IOException {
        List<String> messages = new ArrayList<>();
        for (JobEvent event : job.events(null, 10_000)) {
            messages.add(0, event.message());
        }
        return messages;
    }

    private static void succeed(Job job) throws Exception {
        assertThat(job.await(LONG))
                .as(() -> job + ": " + job.error().orElse(null))
                .isEqualTo(JobState.SUCCEEDED);
    }

    /** Trains an adapter on rows that also judge it beside one other. */
    private static Job compared(TrainingService trainings, JobMethod method, Path data, Hyperparameters steps)
            throws Exception {
        Job job = trainings.submit(JobRequest.of(method, "acme", data)
                .validation(data)
                .hyperparameters(steps)
                .build());
        succeed(job);
        assertThat(job.comparisons()).hasSize(1);
        return job;
    }

    @Test
    void aJobBecomesAnAdapterThatAnswersAtOnce() throws Exception {
        try (TextService service = TextService.builder(encoder)
                        .adapters(Files.createDirectories(temp.resolve("adapters")))
                        .build();
                TrainingService trainings = builder(encoder).build()) {
            Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "acme", topics("topics.csv", 60))
                    .validation(topics("held.csv", 24))
                    .hyperparameters(new Hyperparameters(4, 8, 20.0, null))
                    .adapter("topics-1")
                    .serveAs("topics", Promotion.IF_BETTER)
                    .properties(Map.of("team", "heron"))
                    .build());
            succeed(job);

            assertThat(job.comparisons()).hasSize(1);
            assertThat(job.comparisons().get(0).with()).isEqualTo("the most frequent class");
            assertThat(job.isPromoted())
                    .isEqualTo(job.comparisons().get(0).difference().isBetter());
            assertThat(job.isPromoted()).as(() -> job.comparisons().toString()).isTrue();
            List<ClassScores> answers = service.answer(
                            Classify.class, "topics", List.of("my parcel w99"), RequestOptions.defaults())
                    .values();
            assertThat(answers.get(0).values()).hasSize(2);
            assertThat(changed).containsSubsequence("topics-1", "topics");
            assertThat(job.properties()).containsEntry("team", "heron");
            assertThat(temp.resolve("adapters/topics-1/training.json"))
                    .content()
                    .contains(job.id(), "\"name\" : \"topics.csv\"", "\"base\"", "the most frequent class");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = JobMethod.class,
            names = {"SUPERVISED", "DPO"})
    void languageModelsLearnAnswersAndPreferences(JobMethod method) throws Exception {
        boolean isDpo = method == JobMethod.DPO;
        Path data = isDpo
                ? Files.write(
                        temp.resolve("rows.jsonl"),
                        IntStream.range(0, 8)
                                .mapToObj(i -> "{\"prompt\": \"where is " + i
                                        + "\", \"chosen\": \"yes\", \"rejected\": \"no\"}")
                                .toList())
                : answers("rows.jsonl", 8);
        try (TrainingService trainings = builder(decoder).build()) {
            Job job = trainings.submit(JobRequest.of(method, "acme", data)
                    .validation(data)
                    .hyperparameters(new Hyperparameters(3, 4, 20.0, isDpo ? 0.2 : null))
                    .build());
            succeed(job);

            assertThat(job.settings().orElseThrow().steps()).isEqualTo(6);
            assertThat(job.settings().orElseThrow().beta()).isEqualTo(isDpo ? 0.2 : null);
            assertThat(Files.readAllLines(job.metricsFile().orElseThrow()))
                    .hasSize(7)
                    .startsWith("step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy")
                    .element(2)
                    .asString()
                    .matches("2,[0-9.]+,,[0-9.]+,");
            assertThat(job.checkpoints()).extracting(JobCheckpoint::step).containsExactly(6L, 4L, 2L);
            assertThat(job.trainedTokens().orElseThrow()).isPositive();
            assertThat(job.comparisons().get(0).rows())
                    .isEqualTo(job.settings().orElseThrow().judging())
                    .isLessThan(8);
            assertThat(messages(job))
                    .startsWith(
                            "Created fine-tuning job: " + job.id(),
                            "Validating training file: rows.jsonl and validation file: rows.jsonl",
                            "8 of the rows of rows.jsonl also train, so the numbers of the comparison are too good",
                            "Files validated, moving job to queued state",
                            "Fine-tuning job started")
                    .contains("New fine-tuned model created: " + job.adapter())
                    .endsWith("The job has successfully completed");
            for (JobCheckpoint one : job.checkpoints()) {
                assertThat(temp.resolve("adapters").resolve(String.valueOf(one.adapter())))
                        .isDirectoryContaining("glob:**adapter_model.safetensors");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = JobMethod.class,
            names = {"LABELS", "NUMBER", "TAG", "EMBED", "RERANK"})
    void encodersLearnLabelsNumbersTagsAndSearches(JobMethod method) throws Exception {
        List<String> rows = IntStream.range(0, 16)
                .mapToObj(i -> switch (method) {
                    case LABELS ->
                        "{\"text\": \"where w" + i + "\", \"labels\": " + (i % 2 == 0 ? "[\"a\", \"b\"]" : "[]") + "}";
                    case NUMBER -> "{\"text\": \"where w" + i + "\", \"number\": " + i + "}";
                    case TAG -> "{\"tokens\": [\"where\", \"parcel\"], \"tags\": [\"O\", \"B-thing\"]}";
                    case EMBED -> "{\"query\": \"where w" + i + "\", \"positive\": \"my parcel " + i + "\"}";
                    default ->
                        "{\"query\": \"where w" + i + "\", \"positive\": \"my parcel\", \"negative\": \"is is\"}";
                })
                .toList();
        Path data = Files.write(temp.resolve("rows.jsonl"), rows);
        try (TextService service = TextService.builder(encoder)
                        .adapters(Files.createDirectories(temp.resolve("adapters")))
                        .build();
                TrainingService trainings = builder(encoder).build()) {
            Job job = compared(trainings, method, data, steps(2, 8));
            assertThat(service.task(job.adapter()).does()).isNotEmpty();
            assertThat(job.checkpoints()).hasSize(2);
            TrainingUse use = trainings.use();
            assertThat(use.steps()).isEqualTo(job.step());
            assertThat(use.tokens()).isGreaterThan(use.steps());
            assertThat(use.computing()).isPositive();
            assertThat(use.waiting()).isLessThan(use.computing());
        }
    }

    /** The class and the number tell whether both texts are the same. */
    @ParameterizedTest
    @EnumSource(
            value = JobMethod.class,
            names = {"CLASSIFY", "LABELS", "NUMBER"})
    void encodersLearnPairsOfTexts(JobMethod method) throws Exception {
        List<String> rows = IntStream.range(0, 16)
                .mapToObj(i -> "{\"text\": \"where w" + i / 2 + "\", \"text_pair\": \""
                        + (i % 2 == 0 ? "where w" + i / 2 : "parcel")
                        + "\", "
                        + switch (method) {
                            case LABELS -> "\"labels\": " + (i % 2 == 0 ? "[\"same\"]" : "[]");
                            case NUMBER -> "\"number\": " + i % 2;
                            default -> "\"label\": \"" + (i % 2 == 0 ? "same" : "other") + "\"";
                        }
                        + "}")
                .toList();
        Path data = Files.write(temp.resolve("rows.jsonl"), rows);
        Path mixed = Files.write(
                temp.resolve("mixed.jsonl"),
                List.of(rows.get(0), rows.get(1).replaceFirst("\"text_pair\": \"parcel\", ", "")));
        try (TextService service = TextService.builder(encoder)
                        .adapters(Files.createDirectories(temp.resolve("adapters")))
                        .build();
                TrainingService trainings = builder(encoder).build()) {
            Job job = compared(trainings, method, data, steps(1, 8));
            assertThat(service.answer(
                                    ClassifyPairs.class,
                                    job.adapter(),
                                    List.of(new TextPair("where w1", "parcel")),
                                    RequestOptions.defaults())
                            .values())
                    .hasSize(1);
            Job wrong = trainings.submit(JobRequest.of(method, "acme", mixed).build());
            assertThat(wrong.await(LONG)).isEqualTo(JobState.FAILED);
            assertThat(wrong.error().orElseThrow().message())
                    .isEqualTo("mixed.jsonl, line 2: all rows must have text_pair, or none, found both");
        }
    }

    /** A text has a label from the threshold on that the rows which choose gave it, and the one that is served keeps its own. */
    @Test
    void labelsHaveThresholdsOfTheirOwnWhenAdaptersAreCompared() throws Exception {
        List<String> rows = IntStream.range(0, 40)
                .mapToObj(i -> "{\"text\": \"" + (i % 4 == 0 ? "my parcel w" : "where is w") + i + "\", \"labels\": "
                        + (i % 4 == 0 ? "[\"mail\", \"own\"]" : "[\"place\"]") + "}")
                .toList();
        Path data = Files.write(temp.resolve("rows.jsonl"), rows);
        try (TrainingService trainings = builder(encoder).build()) {
            for (Promotion promotion : new Promotion[] {Promotion.ALWAYS, Promotion.IF_BETTER}) {
                Job job = trainings.submit(JobRequest.of(JobMethod.LABELS, "acme", data)
                        .validation(data)
                        .hyperparameters(steps(1, 8))
                        .seed(promotion == Promotion.ALWAYS ? 1 : 2)
                        .serveAs("topics", promotion)
                        .build());
                succeed(job);
                assertThat(job.comparisons()).hasSize(promotion == Promotion.ALWAYS ? 1 : 2);
                assertThat(job.comparisons().get(0).metric()).isEqualTo("F1");
            }
        }
        Classify served = (Classify) SavedAdapter.read(temp.resolve("adapters").resolve("topics"))
                .task()
                .orElseThrow();
        assertThat(served.outputs().labels().names()).containsExactly("mail", "own", "place");
        assertThat(served.outputs().thresholds())
                .hasSize(3)
                .allSatisfy(threshold -> assertThat(threshold).isBetween(0.0, 1.0));
    }

    @Test
    void aValidationOfLabelsKnowsTheLabels() throws Exception {
        Path data = Files.write(temp.resolve("rows.jsonl"), List.of("{\"text\": \"where\", \"labels\": [\"a\"]}"));
        Path held = Files.write(temp.resolve("held.jsonl"), List.of("{\"text\": \"where\", \"labels\": [\"b\"]}"));
        try (TrainingService trainings = builder(encoder).build()) {
            Job job = trainings.submit(JobRequest.of(JobMethod.LABELS, "acme", data)
                    .validation(held)
                    .build());
            assertThat(job.await(Duration.ofMinutes(1))).isEqualTo(JobState.FAILED);
            assertThat(job.error().orElseThrow().message())
                    .isEqualTo("held.jsonl, line 1: each of labels must be one of a row that trains, found 'b'");
        }
    }

    @Test
    void pagesOfEventsFollowEachOther() throws Exception {
        try (TrainingService trainings = builder(decoder).build()) {
            Job job = trainings.submit(JobRequest.of(JobMethod.SUPERVISED, "acme", answers("rows.jsonl", 9))
                    .hyperparameters(steps(3, 1))
                    .build());
            succeed(job);
            List<JobEvent> all = job.events(null, 10_000);
            List<JobEvent> paged = new ArrayList<>();
            List<JobEvent> page = job.events(null, 4);
            while (!page.isEmpty()) {
                paged.addAll(page);
                page = job.events(page.get(page.size() - 1).id(), 4);
            }
            assertThat(paged).isEqualTo(all).doesNotHaveDuplicates();
            assertThat(all.stream().filter(event -> !event.metrics().isEmpty())).hasSize(27);
            String other = all.get(0).id().replaceAll("[0-9a-f]+$", "1");
            assertThatIllegalArgumentException().isThrownBy(() -> job.events(other, 4));
            assertThatIllegalArgumentException().isThrownBy(() -> job.events("ftevent-x", 4));
        }
    }

    @Test
    void aWrongRowIsNamedBeforeAnythingTrains() throws Exception {
        List<String> lines = new ArrayList<>(Files.readAllLines(answers("rows.jsonl", 12)));
        lines.set(2, "{\"prompt\": \"where\"");
        Path data = Files.write(temp.resolve("wrong.jsonl"), lines);
        try (TrainingService trainings = builder(decoder).build()) {
            Job job = trainings.submit(
                    JobRequest.of(JobMethod.SUPERVISED, "acme", data).build());
            assertThat(job.await(LONG)).isEqualTo(JobState.FAILED);
            JobError error = job.error().orElseThrow();
            assertThat(error.code()).isEqualTo("invalid_training_file");
            assertThat(error.param()).isEqualTo("training_file");
            assertThat(error.message()).startsWith("wrong.jsonl, line 3: ").doesNotContain(temp.toString());
            assertThat(job.events(null, 1).get(0).level()).isEqualTo(JobEvent.Level.ERROR);
            assertThat(job.started()).isEmpty();

            Job empty = trainings.submit(
                    JobRequest.of(JobMethod.SUPERVISED, "acme", Files.writeString(temp.resolve("empty.jsonl"), ""))
                            .build());
            assertThat(empty.await(LONG)).isEqualTo(JobState.FAILED);
            assertThat(empty.error().orElseThrow().message()).contains("at least one row", "found none");
        }
    }

    /** Such rows would let any adapter look good, so a person reads of them beside its numbers. */
    @Test
    void rowsThatJudgeAndTrainTooAreSaid() throws Exception {
        Path data = topics("topics.csv", 20);
        List<String> lines = Files.readAllLines(data);
        Path held = Files.write(temp.resolve("held.csv"), List.of(lines.get(0), "a new one,cats", lines.get(5)));
        try (TrainingService trainings = builder(encoder).build()) {
            Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "acme", data)
                    .validation(held)
                    .hyperparameters(steps(1, 8))
                    .build());
            succeed(job);
            assertThat(job.events(null, 100))
                    .filteredOn(event -> event.level() == JobEvent.Level.WARN)
                    .extracting(JobEvent::message)
                    .contains("1 of the rows of held.csv also train, so the numbers of the comparison are too good");
        }
    }

    @Test
    void aClassThatDoesNotTrainIsNoClassOfTheValidation() throws Exception {
        Path held = topics("held.csv", 4, () -> "dogs");
        try (TrainingService trainings = builder(encoder).build()) {
            Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "acme", topics("topics.csv", 20))
                    .validation(held)
                    .build());
            assertThat(job.await(LONG)).isEqualTo(JobState.FAILED);
            assertThat(job.error().orElseThrow().param()).isEqualTo("validation_file");
            assertThat(job.error().orElseThrow().message()).contains("held.csv, line 2", "'dogs'");
        }
    }

    private byte[] trained(Path adapters, String name) throws IOException {
        return Files.readAllBytes(adapters.resolve(name).resolve("adapter_model.safetensors"));
    }

    private JobRequest longer(String adapter) throws IOException {
        return JobRequest.of(JobMethod.SUPERVISED, "acme", answers("rows.jsonl", 40))
                .validation(answers("held.jsonl", 8))
                .hyperparameters(steps(4, 1))
                .seed(7)
                .adapter(adapter)
                .build();
    }

    @Test
    void aJobThatIsStoppedAndGoesOnEndsWithTheSameBits() throws Exception {
        Path adapters = temp.resolve("adapters");
        try (TrainingService trainings = builder(decoder).build()) {
            succeed(trainings.submit(longer("whole")));
            Job paused = trainings.submit(longer("paused"));
            Patience.await(() -> paused.step() > 20);
            paused.pause();
            Patience.await(() -> paused.state() == JobState.PAUSED);
            long then = paused.step();
            assertThatIllegalStateException().isThrownBy(paused::pause);
            Job other = trainings.submit(JobRequest.of(JobMethod.SUPERVISED, "acme", answers("few.jsonl", 4))
                    .hyperparameters(steps(1, 4))
                    .build());
            succeed(other);
            assertThat(paused.step()).isEqualTo(then);
            paused.resume();
            succeed(paused);
            assertThat(trained(adapters, "paused")).isEqualTo(trained(adapters, "whole"));
            assertThat(Files.readAllLines(paused.metricsFile().orElseThrow()))
                    .isEqualTo(Files.readAllLines(
                            trainings.jobs().get(2).metricsFile().orElseThrow()));
        }
    }

    @Test
    void aServiceThatIsClosedAndBuiltAgainGoesOn() throws Exception {
        Path adapters = temp.resolve("adapters");
        TrainingService before = builder(decoder).build();
        succeed(before.submit(longer("whole")));
        Job stopped = before.submit(longer("again"));
        Patience.await(() -> stopped.step() > 20);
        before.close();
        before.close();
        assertThat(stopped.state()).isEqualTo(JobState.QUEUED);
        assertThatIllegalStateException().isThrownBy(() -> before.submit(longer("late")));
        List<String> seen =
                stopped.events(null, 10_000).stream().map(JobEvent::id).toList();
        try (TrainingService trainings = builder(decoder).build()) {
            Job job = trainings.job(stopped.id()).orElseThrow();
            succeed(job);
            assertThat(trained(adapters, "again")).isEqualTo(trained(adapters, "whole"));
            assertThat(job.events(null, 10_000)).extracting(JobEvent::id).containsAll(seen);
            long repeated = job.events(null, 10_000).stream()
                    .filter(event ->
                            !seen.contains(event.id()) && !event.metrics().isEmpty())
                    .filter(event -> step(event) <= stopped.step())
                    .count();
            assertThat(repeated).isZero();
            assertThat(trainings.jobs()).extracting(Job::adapter).containsExactly("again", "whole");
        }
    }

    @Test
    void rowsThatWereNotCheckedAreCheckedAfterTheNextStart() throws Exception {
        TrainingService before = builder(decoder).build();
        Job job = before.submit(JobRequest.of(JobMethod.SUPERVISED, "acme", answers("many.jsonl", 20_000))
                .hyperparameters(steps(1, 64))
                .build());
        before.close();
        assertThat(job.state()).isEqualTo(JobState.VALIDATING);
        try (TrainingService trainings = builder(decoder).build()) {
            Job again = trainings.job(job.id()).orElseThrow();
            Patience.await(() -> again.step() > 0);
            again.cancel();
            assertThat(again.await(LONG)).isEqualTo(JobState.CANCELLED);
        }
    }

    @Test
    void jobsAreCancelledWhetherTheyWaitOrTrain() throws Exception {
        try (TrainingService trainings = builder(decoder).build()) {
            Job first = trainings.submit(longer("first"));
            Job second = trainings.submit(longer("second"));
            Patience.await(() -> first.step() > 0);
            second.cancel();
            assertThat(second.state()).isEqualTo(JobState.CANCELLED);
            first.cancel();
            assertThat(first.await(LONG)).isEqualTo(JobState.CANCELLED);
            assertThat(first.step()).isLessThan(160);
            assertThat(temp.resolve("adapters/first")).doesNotExist();
            assertThatIllegalStateException().isThrownBy(first::cancel).withMessageContaining("cancelled");
            assertThatIllegalStateException().isThrownBy(first::resume);
            assertThatIllegalStateException().isThrownBy(first::promote);
        }
    }

    /** Nobody can ask for what a job has trained that was given up. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCancelledJobLeavesNoAdapter(boolean isPaused) throws Exception {
        try (TrainingService trainings = builder(decoder).build()) {
            Job job = trainings.submit(longer("given-up"));
            Patience.await(() -> !job.checkpoints().isEmpty());
            assertThat(temp.resolve("adapters")).isNotEmptyDirectory();
            if (isPaused) {
                job.pause();
                Patience.await(() -> job.state() == JobState.PAUSED);
            }
            job.cancel();
            assertThat(job.await(LONG)).isEqualTo(JobState.CANCELLED);
            assertThat(job.checkpoints()).isEmpty();
            assertThat(temp.resolve("adapters")).isEmptyDirectory();
            assertThat(changed).contains("given-up-step-40");
        }
    }

    @Test
    void whatAJobHasTrainedIsWithdrawn() throws Exception {
        Path served = temp.resolve("adapters");
        try (TrainingService trainings = builder(encoder).build()) {
            Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "acme", topics("topics.csv", 40))
                    .hyperparameters(steps(2, 8))
                    .adapter("topics-1")
                    .serveAs("topics", Promotion.ALWAYS)
                    .build());
            succeed(job);
            String epoch = Objects.requireNonNull(job.checkpoints().get(1).adapter());
            job.withdraw(epoch);
            assertThat(served.resolve(epoch)).doesNotExist();
            assertThat(served.resolve("topics-1")).exists();
            changed.clear();
            job.withdraw("topics-1");
            job.withdraw("topics-1");
            assertThat(served.resolve("topics-1")).doesNotExist();
            assertThat(changed).containsExactly("topics-1");
            // Clients who ask for the name notice nothing.
            assertThat(served.resolve("topics")).exists();
            for (String other : List.of("topics", "../jobs", "")) {
                assertThatIllegalArgumentException().isThrownBy(() -> job.withdraw(other));
            }
            assertThat(served.resolve("topics")).exists();
            job.promote();
            assertThat(served.resolve("topics")).exists();
        }
    }

    @Test
    void anAdapterIsTakenBack() throws Exception {
        Path served = temp.resolve("adapters/topics");
        try (TrainingService trainings = builder(encoder).build()) {
            List<Job> jobs = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "acme", topics("topics.csv", 40))
                        .hyperparameters(steps(1, 8))
                        .seed(i)
                        .serveAs("topics", Promotion.ALWAYS)
                        .build());
                succeed(job);
                jobs.add(job);
            }
            Job first = jobs.get(0);
            Job second = jobs.get(1);
            assertThat(served.resolve("training.json")).content().contains(second.id());
            assertThatIllegalStateException().isThrownBy(first::rollback);
            second.rollback();
            assertThat(served.resolve("training.json")).content().contains(first.id());
            assertThat(second.isPromoted()).isFalse();
            second.promote();
            assertThat(served.resolve("training.json")).content().contains(second.id());
            second.rollback();
            first.rollback();
            assertThat(served).doesNotExist();
        }
    }

    @Test
    void labelsAtRandomTakeNoName() throws Exception {
        Random random = new Random(5);
        try (TrainingService trainings = builder(encoder).build()) {
            int promoted = 0;
            for (int i = 0; i < RANDOM_JOBS; i++) {
                Job job = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "acme", shuffled("t.csv", 40, random))
                        .validation(shuffled("v.csv", 30, random))
                        .hyperparameters(steps(1, 8))
                        .serveAs("topics", Promotion.IF_BETTER)
                        .build());
                succeed(job);
                promoted += job.isPromoted() ? 1 : 0;
            }
            assertThat(promoted).isLessThanOrEqualTo(Math.max(1, RANDOM_JOBS / 20));
        }
    }

    /** Each word of a query stands for another word of its text. */
    private Path pairs(String name, int rows, Random random, boolean isRandom) throws IOException {
        List<String> words = List.of("where", "is", "my", "parcel");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            List<String> query = new ArrayList<>();
            List<String> positive = new ArrayList<>();
            for (int w = 0; w < 3; w++) {
                int word = random.nextInt(words.size());
                query.add(words.get(word));
                positive.add(words.get(isRandom ? random.nextInt(words.size()) : (word + 1) % words.size()));
            }
            lines.add("{\"query\": \"" + String.join(" ", query) + "\", \"positive\": \"" + String.join(" ", positive)
                    + "\"}");
        }
        return Files.write(temp.resolve(name), lines);
    }

    /** A search is judged by each query, beside the model alone and beside what has the name. */
    @Test
    void searchesThatAreBetterTakeTheName() throws Exception {
        Random random = new Random(3);
        Path data = pairs("pairs.jsonl", 200, random, false);
        Path held = pairs("held.jsonl", 60, random, false);
        try (TextService service = TextService.builder(encoder)
                        .adapters(Files.createDirectories(temp.resolve("adapters")))
                        .build();
                TrainingService trainings = builder(encoder).build()) {
            Job first = trainings.submit(search(data, held, new Hyperparameters(20, 16, 20.0, null)));
            succeed(first);
            assertThat(first.comparisons()).extracting(JobComparison::with).containsExactly("the model alone");
            JobComparison gain = first.comparisons().get(0);
            assertThat(gain.metric()).isEqualTo("mean reciprocal rank");
            assertThat(gain.rows()).isBetween(12, 30);
            assertThat(gain.adapter()).isGreaterThan(gain.other() + 0.1);
            assertThat(first.isPromoted())
                    .as(() -> first.comparisons().toString())
                    .isTrue();
            assertThat(service.answer(
                                    Embed.class,
                                    "search",
                                    Embed.Texts.of(List.of("where is")),
                                    RequestOptions.defaults())
                            .values())
                    .hasSize(1);

            // The one that has the name now cuts texts elsewhere, and has other prompts. It is measured as it is
            // served.
            Path served = temp.resolve("adapters/search");
            TaskFile.write(
                    new Embed(
                            OptionalInt.of(5),
                            OptionalInt.empty(),
                            new Prompts(Map.of("query", "my ", "document", "is "), null)),
                    served);
            Job second = trainings.submit(search(data, held, new Hyperparameters(20, 16, 20.0, null)));
            succeed(second);
            assertThat(second.comparisons())
                    .extracting(JobComparison::with)
                    .hasSize(2)
                    .startsWith("the model alone");
            JobComparison beside = second.comparisons().get(1);
            assertThat(beside.rows()).isEqualTo(gain.rows());
            assertThat(beside.adapter()).isEqualTo(gain.adapter());
            assertThat(beside.other()).isLessThan(gain.adapter());
            assertThat(second.isPromoted()).isEqualTo(beside.difference().isBetter());

            // The same training again is no better than itself.
            Job third = trainings.submit(search(data, held, new Hyperparameters(20, 16, 20.0, null)));
            succeed(third);
            assertThat(third.isPromoted()).isEqualTo(!second.isPromoted());

            TaskFile.write(new Embed(OptionalInt.of(5), OptionalInt.of(3), Prompts.none()), served);
            Job other = trainings.submit(search(data, held, steps(1, 16)));
            succeed(other);
            assertThat(messages(other)).anyMatch(text -> text.contains("cannot be compared: its embeddings must have"));
            assertThat(other.isPromoted()).isFalse();
        }
    }

    private static JobRequest search(Path data, Path held, Hyperparameters hyperparameters) {
        return JobRequest.of(JobMethod.EMBED, "acme", data)
                .validation(held)
                .hyperparameters(hyperparameters)
                .seed(1)
                .serveAs("search", Promotion.IF_BETTER)
                .build();
    }

    @Test
    void pairsAtRandomTakeNoName() throws Exception {
        Random random = new Random(7);
        try (TrainingService trainings = builder(encoder).build()) {
            int promoted = 0;
            for (int i = 0; i < RANDOM_JOBS; i++) {
                Job job = trainings.submit(search(
                        pairs("t.jsonl", 60, random, true),
                        pairs("v.jsonl", 60, random, true),
                        new Hyperparameters(2, 16, 20.0, null)));
                succeed(job);
                assertThat(job.comparisons()).isNotEmpty();
                promoted += job.isPromoted() ? 1 : 0;
            }
            assertThat(promoted).isLessThanOrEqualTo(Math.max(1, RANDOM_JOBS / 20));
        }
    }

    private Path shuffled(String name, int rows, Random random) throws IOException {
        StringBuilder text = new StringBuilder("text,label\n");
        for (int i = 0; i < rows; i++) {
            text.append(random.nextBoolean() ? "my parcel w" : "where is w")
                    .append(i)
                    .append(random.nextBoolean() ? ",cats\n" : ",ships\n");
        }
        return Files.writeString(temp.resolve(name), text);
    }

    @Test
    void whatDoesNotFitIsRefusedAndNothingIsKept() throws Exception {
        JobLimits limits = new JobLimits(1, 2, 2_000, 64);
        try (TrainingService trainings = builder(decoder).limits(limits).build()) {
            assertThatIOException().isThrownBy(() -> builder(decoder).build()).withMessageContaining("another one");
            Path classes = topics("topics.csv", 4);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> JobRequest.of(JobMethod.SUPERVISED, "acme", classes)
                            .hyperparameters(new Hyperparameters(null, null, null, 0.1))
                            .build())
                    .withMessageContaining("beta");
            Path large = answers("large.jsonl", 100);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainings.submit(
                            JobRequest.of(JobMethod.SUPERVISED, "acme", large).build()))
                    .withMessageContaining("2000 bytes");
            Path strange = Files.copy(classes, temp.resolve("topics.parquet"));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainings.submit(
                            JobRequest.of(JobMethod.SUPERVISED, "acme", strange).build()))
                    .withMessageContaining(".jsonl");
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            JobRequest.of(JobMethod.SUPERVISED, "acme", large).adapter("../evil"));
            Job job = trainings.submit(JobRequest.of(JobMethod.SUPERVISED, "acme", answers("rows.jsonl", 20))
                    .hyperparameters(steps(100, 1))
                    .adapter("mine")
                    .build());
            assertThatExceptionOfType(JobLimitException.class)
                    .isThrownBy(() ->
                            trainings.submit(JobRequest.of(JobMethod.SUPERVISED, "acme", temp.resolve("rows.jsonl"))
                                    .build()));
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            trainings.submit(JobRequest.of(JobMethod.SUPERVISED, "other", temp.resolve("rows.jsonl"))
                                    .adapter("mine")
                                    .build()))
                    .withMessageContaining("new name");
            job.cancel();
            assertThat(job.await(LONG)).isEqualTo(JobState.CANCELLED);
            try (Stream<Path> all = Files.list(temp.resolve("jobs"))) {
                assertThat(all.filter(Files::isDirectory)).hasSize(1);
            }
        }
        try (TrainingService trainings = builder(encoder).build()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() ->
                            trainings.submit(JobRequest.of(JobMethod.SUPERVISED, "acme", temp.resolve("rows.jsonl"))
                                    .build()))
                    .withMessageContaining("generates text");
        }
    }

    /** Requests that never end leave the training its share. */
    @Test
    void aTrainingGoesOnBesideRequests() throws Exception {
        AtomicBoolean serves = new AtomicBoolean(true);
        try (TrainingService trainings =
                builder(decoder).serving(serves::get).share(0.3).build()) {
            Job job = trainings.submit(JobRequest.of(JobMethod.SUPERVISED, "acme", answers("rows.jsonl", 12))
                    .hyperparameters(steps(2, 2))
                    .build());
            succeed(job);
        }
    }

    /** A long job of one owner lets a short one of another go first, and ends with the same bits. */
    @Test
    void ownersTakeTurns() throws Exception {
        try (TrainingService trainings =
                builder(decoder).turn(Duration.ofMillis(1)).build()) {
            Job longer = trainings.submit(longer("longer"));
            Patience.await(() -> longer.step() > 0);
            Job shorter = trainings.submit(JobRequest.of(JobMethod.SUPERVISED, "other", answers("few.jsonl", 4))
                    .hyperparameters(steps(1, 4))
                    .build());
            succeed(shorter);
            succeed(longer);
            assertThat(finished(shorter)).isBefore(finished(longer));
            succeed(trainings.submit(longer("whole")));
        }
        Path adapters = temp.resolve("adapters");
        assertThat(trained(adapters, "longer")).isEqualTo(trained(adapters, "whole"));
    }

    private static long step(JobEvent event) {
        return event.metrics().getOrDefault("step", 0).longValue();
    }

    private static @Nullable Instant finished(Job job) {
        return job.finished().orElse(null);
    }
}
