package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.example.mnist.data.TestData;
import org.lora4j.example.mnist.experiment.RichBoyNet;

@Tag("slow")
class StudyCommandTest {
    @TempDir
    private static Path temp;

    private static Path data;
    private static Path base;

    @BeforeAll
    static void write() throws IOException {
        data = TestData.write(temp.resolve("data"), 250, 100);
        base = temp.resolve("base.safetensors");
        RichBoyNet.build(3).save(base);
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
                        Locale.ROOT,
                        "| base | %d.0 | %d.0 |",
                        wrong.get(9),
                        wrong.stream().mapToInt(Integer::intValue).sum()));
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

    @Test
    void printsATableOfEachBaseAndOneOfAll() {
        Cli cli = trained("--bases", 2, "--seed", 4);
        assertThat(cli.code()).isZero();
        String[] tables = cli.out().split("(?<=:)\n\n|\n\n");
        assertThat(tables).hasSize(6);
        assertThat(List.of(tables[0], tables[2], tables[4]))
                .containsExactly("Base of seed 4:", "Base of seed 5:", "All 2 bases:");
        assertThat(tables[3]).isNotEqualTo(tables[1]).doesNotContain("±");
        assertThat(tables[3].strip()).isEqualTo(trained("--seed", 5).out().strip());
        assertThat(tables[5].lines().skip(2)).allMatch(line -> line.contains("±"));
    }

    @Test
    void theFirstSeedChangesTheFineTuningsOnly() {
        List<String> first = study("--lora-only").out().lines().toList();
        List<String> others =
                study("--lora-only", "--first-seed", 7).out().lines().toList();
        assertThat(others.subList(0, 3)).isEqualTo(first.subList(0, 3));
        assertThat(others.subList(3, 6)).isNotEqualTo(first.subList(3, 6));
    }

    @Test
    void testsOnHeldOutTrainingImages() {
        Cli cli = trained("--held-out", 50);
        assertThat(cli.code()).isZero();
        // Of 50 images, each is two percent.
        assertThat(cli.out().lines().skip(2))
                .allMatch(line -> line.matches(".* \\d*[02468]\\.00 \\|"))
                .hasSize(4);
        assertThat(trained().out()).isNotEqualTo(cli.out());
        assertThat(trained("--held-out", 250).err())
                .contains("--held-out must be less than the 250 training images, found 250");
    }

    private static Cli trained(Object... more) {
        Object[] begin = {
            "study", "--data", data, "--max-batches", 5, "--seeds", 1, "--fine-tune-batches", 2, "--lora-only"
        };
        return Cli.run(Stream.concat(Stream.of(begin), Stream.of(more)).toArray());
    }

    private static String firstCell(String row) {
        return row.substring(1, row.indexOf('|', 1)).strip();
    }

    private static Cli study(Object... more) {
        Object[] begin = {"study", "--data", data, "--base", base, "--seeds", 2, "--fine-tune-batches", 3};
        return Cli.run(Stream.concat(Stream.of(begin), Stream.of(more)).toArray());
    }
}
