package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.fixtures.SmallReranker;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextModel;

/** All wrong rows of a file are known before anything trains. */
class JobCheckTest {
    @TempDir
    private static Path models;

    private static TextModel encoder;
    private static TextModel decoder;

    @TempDir
    private Path temp;

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

    private TrainingService service(TextModel model) throws IOException {
        return TrainingService.builder(model, temp.resolve("jobs"))
                .limits(new JobLimits(1, 1, 1_000, 12))
                .build();
    }

    private Path file(String name, String... lines) throws IOException {
        return Files.writeString(temp.resolve(name), String.join("\n", lines) + "\n");
    }

    private static JobRequest.Builder classes(Path data) {
        return JobRequest.of(JobMethod.CLASSIFY, "acme", data);
    }

    private static List<Long> lines(List<JobCheck.Row> rows) {
        return rows.stream().map(JobCheck.Row::line).toList();
    }

    @Test
    void allWrongRowsOfBothFilesAreListedWithTheirRule() throws IOException {
        Path data = file(
                "data.jsonl",
                "{\"text\": \"my parcel\", \"label\": \"mail\"}",
                "{\"text\": \"where is",
                "{\"text\": 7, \"label\": \"mail\"}",
                "{\"text\": \"  \", \"label\": \"mail\"}",
                "{\"text\": \"where is it\", \"label\": \"place\"}");
        Path held = file("held.csv", "text,label", "my letter,mail", "my cat,animals", "my dog", "where am I,place");
        try (TrainingService trainings = service(encoder)) {
            JobCheck check = trainings.check(classes(data).validation(held).build(), () -> false);
            JobCheck.Rows training = check.training();
            assertThat(training.name()).isEqualTo("data.jsonl");
            assertThat(training.good()).isEqualTo(2);
            assertThat(training.wrong()).isEqualTo(3);
            assertThat(lines(training.firstWrong())).containsExactly(2L, 3L, 4L);
            assertThat(training.firstWrong().get(1).text()).isEqualTo("text must be a text, found 7");
            assertThat(training.firstGood())
                    .containsExactly(
                            new JobCheck.Row(1, "{\"text\":\"my parcel\",\"label\":\"mail\"}"),
                            new JobCheck.Row(5, "{\"text\":\"where is it\",\"label\":\"place\"}"));
            JobCheck.Rows validation = Objects.requireNonNull(check.validation());
            assertThat(validation.good()).isEqualTo(2);
            assertThat(lines(validation.firstWrong())).containsExactly(3L, 4L);
            assertThat(validation.firstWrong().get(0).text()).contains("a class of a row that trains", "'animals'");
            assertThat(check.problem()).isNull();
            assertThat(check.isGood()).isFalse();
            assertThat(trainings.jobs()).isEmpty();
        }
    }

    @Test
    void aCheckIsGoodIfAJobWouldTrain() throws IOException {
        Path data = file("data.tsv", "text\tlabel", "my parcel\tmail", "where is it\tplace");
        try (TrainingService trainings = service(encoder)) {
            assertThat(trainings.check(classes(data).build(), () -> false).isGood())
                    .isTrue();
            JobCheck one = trainings.check(
                    classes(file("one.tsv", "text\tlabel", "my parcel\tmail")).build(), () -> false);
            assertThat(one.problem()).startsWith("one.tsv: ").contains("2 to 1000 classes, found 1");
            assertThat(one.isGood()).isFalse();
            JobCheck none = trainings.check(classes(file("none.jsonl")).build(), () -> false);
            assertThat(none.problem()).isEqualTo("none.jsonl must have at least one row to learn, found none");
            JobCheck empty = trainings.check(
                    classes(data).validation(file("held.csv", "text,label")).build(), () -> false);
            assertThat(empty.problem()).startsWith("held.csv must have at least one row");
        }
    }

    @Test
    void rowsOfTheValidationThatTrainTooAreCounted() throws IOException {
        Path data = file("data.csv", "text,label", "my parcel,mail", "where is it,place", "my letter,mail");
        Path held = file(
                "held.jsonl",
                "{\"text\": \"my letter\", \"label\": \"mail\"}",
                "{\"text\": \"my letter\", \"label\": \"place\"}",
                "{\"text\": \"a letter\", \"label\": \"mail\"}",
                "{\"text\": \"where is it\", \"label\": \"place\"}");
        try (TrainingService trainings = service(encoder)) {
            JobCheck check = trainings.check(classes(data).validation(held).build(), () -> false);
            assertThat(check.repeated()).isEqualTo(2);
            assertThat(check.isGood()).isTrue();
            assertThat(trainings.check(classes(data).build(), () -> false).repeated())
                    .isZero();
        }
    }

    /** What is only known after all rows comes in the order of the file too, and each row once. */
    @Test
    void rowsThatAreTooLongStandBetweenThoseThatAreNoRows() throws IOException {
        String right = "{\"prompt\": \"where\", \"completion\": \"blue\"}";
        String longer = "{\"prompt\": \"where is 1 is 2 is 3 is 4 is 5\", \"completion\": \"blue heron blue heron\"}";
        Path data = file("data.jsonl", longer, "{}", right, longer, "{}");
        try (TrainingService trainings = service(decoder)) {
            JobCheck.Rows rows = trainings
                    .check(JobRequest.of(JobMethod.SUPERVISED, "acme", data).build(), () -> false)
                    .training();
            assertThat(lines(rows.firstWrong())).containsExactly(1L, 2L, 4L, 5L);
            assertThat(rows.firstWrong().get(0).text()).contains("at most 12 tokens, found ");
            assertThat(lines(rows.firstGood())).containsExactly(3L);
        }
    }

    @Test
    void theListOfWrongRowsIsBoundedAndTheirNumberIsNot() throws IOException {
        String[] lines = new String[200];
        Arrays.fill(lines, "[]");
        try (TrainingService trainings = service(encoder)) {
            JobCheck.Rows rows = trainings
                    .check(classes(file("data.jsonl", lines)).build(), () -> false)
                    .training();
            assertThat(rows.wrong()).isEqualTo(200);
            assertThat(rows.firstWrong()).hasSize(JobCheck.MOST_WRONG);
        }
    }

    @Test
    void aQuoteThatIsNeverClosedEndsTheFile() throws IOException {
        Path data = file("data.csv", "text,label", "my parcel,mail", "\"where is it,place", "my cat,animals");
        try (TrainingService trainings = service(encoder)) {
            JobCheck.Rows rows =
                    trainings.check(classes(data).build(), () -> false).training();
            assertThat(lines(rows.firstWrong())).containsExactly(3L);
            assertThat(rows.good()).isEqualTo(1);
        }
    }

    @Test
    void packedFilesAreBounded() throws Exception {
        byte[] text = "text,label\nmy parcel,mail\nwhere is it,place\n".getBytes(StandardCharsets.UTF_8);
        Path packed = temp.resolve("data");
        try (TrainingService trainings = service(encoder)) {
            Files.write(packed, gzip(text));
            JobRequest request = JobRequest.of(JobMethod.CLASSIFY, "acme", packed, "Rows.CSV.gz")
                    .build();
            assertThat(trainings.check(request, () -> false).training().good()).isEqualTo(2);

            Files.write(packed, gzip(Arrays.copyOf(text, 100_000)));
            assertThat(Files.size(packed)).isLessThan(1_000);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainings.check(request, () -> false))
                    .withMessage(
                            "Rows.CSV.gz: a file of rows must have at most 1000 bytes, unpacked, found more; divide it");

            Files.write(packed, Arrays.copyOf(gzip(text), 40));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainings.check(request, () -> false))
                    .withMessageStartingWith("Rows.CSV.gz: a file packed with gzip must be whole");
            Job job = trainings.submit(request);
            assertThat(job.await(Duration.ofMinutes(1))).isEqualTo(JobState.FAILED);
            assertThat(job.error().orElseThrow().code()).isEqualTo("invalid_training_file");
            assertThat(job.error().orElseThrow().message())
                    .startsWith("Rows.CSV.gz: a file packed with gzip must be whole");
        }
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(content);
        }
        return packed.toByteArray();
    }

    @Test
    void nobodyWaitsForACheckThatNobodyNeeds() throws IOException {
        Path data = file("data.tsv", "text\tlabel", "my parcel\tmail");
        try (TrainingService trainings = service(encoder)) {
            assertThatExceptionOfType(CancellationException.class)
                    .isThrownBy(() -> trainings.check(classes(data).build(), () -> true));
        }
    }

    @Test
    void theModelSaysByWhichMethodsItIsTrained() throws IOException {
        try (TrainingService trainings = service(encoder)) {
            assertThat(trainings.methods())
                    .containsExactly(
                            JobMethod.CLASSIFY,
                            JobMethod.LABELS,
                            JobMethod.NUMBER,
                            JobMethod.TAG,
                            JobMethod.EMBED,
                            JobMethod.RERANK);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> trainings.check(
                            JobRequest.of(JobMethod.DPO, "acme", file("a.jsonl"))
                                    .build(),
                            () -> false))
                    .withMessageContaining("generates text");
        }
        try (TrainingService trainings = service(decoder)) {
            assertThat(trainings.methods()).contains(JobMethod.SUPERVISED, JobMethod.DPO);
        }
    }
}
