package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;

import org.lora4j.example.mnist.report.TestResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyCommandTest {
    @TempDir
    private static Path temp;

    private static Path data;
    private static Path base;

    @BeforeAll
    static void write() throws IOException {
        data = TestData.write(temp.resolve("data"), 250, 100);
        base = temp.resolve("base.safetensors");
        NetworkFile.save(RichBoyNet.build(3), base);
    }

    @Test
    void printsATableOfEveryMethodAndNothingElse() {
        Cli cli = study("--replay", "0.25,0.5", "--fine-tune-lr", "0.0002");
        assertThat(cli.code()).isZero();
        List<String> lines = cli.out().lines().toList();
        assertThat(lines).allMatch(line -> line.startsWith("|") && line.endsWith("|"));
        assertThat(lines.stream().map(StudyCommandTest::firstCell))
                .containsExactly(
                        "Fine-tuning",
                        "---",
                        "base",
                        "LoRA, A from N(0, 1): the article",
                        "LoRA, Kaiming",
                        "all weights",
                        "LoRA, Kaiming, replay 0.25, learning rate 0.0002",
                        "all weights, replay 0.25, learning rate 0.0002",
                        "LoRA, Kaiming, replay 0.5, learning rate 0.0002",
                        "all weights, replay 0.5, learning rate 0.0002");
        assertThat(lines.subList(3, lines.size()))
                .allMatch(line -> line.chars().filter(c -> c == '±').count() == 3);
        assertThat(cli.errLines()).hasSize(2 * 7);
    }

    @Test
    void theBasesRowIsItsTest() throws IOException {
        Cli cli = study("--lora-only");
        List<Integer> wrong = Reference.wrong(Reference.test(Reference.network(base), data));
        assertThat(cli.out())
                .contains(String.format(
                        "| base | %d.0 | %d.0 |",
                        wrong.get(9), wrong.stream().mapToInt(Integer::intValue).sum()));
    }

    @Test
    void canLeaveOutTheTrainingsOfAllWeightsAndIsReproducible() {
        Cli cli = study("--lora-only");
        assertThat(cli.out().lines()).hasSize(6).noneMatch(line -> line.contains("all weights"));
        assertThat(study("--lora-only").out()).isEqualTo(cli.out());
    }

    @Test
    void trainsABaseWhenNoneIsGiven() {
        Cli cli = Cli.run(
                "study", "--data", data, "--max-batches", 5, "--seeds", 1, "--fine-tune-batches", 2, "--lora-only");
        assertThat(cli.code()).isZero();
        assertThat(cli.out().lines()).hasSize(6).noneMatch(line -> line.contains("±"));
    }

    private static String firstCell(String row) {
        return row.substring(1, row.indexOf('|', 1)).strip();
    }

    private static Cli study(Object... more) {
        Object[] begin = {"study", "--data", data, "--base", base, "--seeds", 2, "--fine-tune-batches", 3};
        return Cli.run(Stream.concat(Stream.of(begin), Stream.of(more)).toArray());
    }

    @Test
    void givesMeanAndSampleStandardDeviation() {
        StudyTable table = new StudyTable(9);
        table.add("some", List.of(wrongNines(1), wrongNines(2), wrongNines(6)));
        StringWriter text = new StringWriter();
        table.print(new PrintWriter(text));
        // Mean 3, deviation √((4 + 1 + 9) / 2) = 2.65; accuracies of 20 images: 95, 90 and 70 %.
        assertThat(text.toString()).contains("| some | 3.0 ± 2.6 | 3.0 ± 2.6 | 85.00 ± 13.23 |");
    }

    private static TestResult wrongNines(int wrong) {
        int[][] confusion = new int[10][10];
        confusion[0][0] = 10;
        confusion[9][9] = 10 - wrong;
        confusion[9][4] = wrong;
        return TestResult.of(confusion);
    }
}
