package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.data.Split;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;

/** The examples of a file, which are read from it each time. */
class DataFileTest {
    @TempDir
    private Path folder;

    private Path csv(int rows) throws IOException {
        StringBuilder lines = new StringBuilder("text,group\n");
        for (int i = 0; i < rows; i++) {
            lines.append("\"text\n").append(i).append("\",").append(i / 3).append('\n');
        }
        return Files.writeString(folder.resolve("a.csv"), lines);
    }

    private static List<String> list(Iterable<TextRow> rows) {
        List<String> texts = new ArrayList<>();
        rows.forEach(row -> texts.add(row.text("text")));
        return texts;
    }

    @Test
    void thePartsAreThoseOfTheDataSet() throws IOException {
        Path file = csv(300);
        Split<TextRow> rows = TextFiles.read(file).split(7, 0.2);
        Split<TextRow> groups = TextFiles.read(file).splitBy(row -> row.label("group"), 7, 0.2);
        try (DataFile.Divided<String> parts = new DataFile(
                                file, null, null, new Division(0.2, 0, null, null, null), false)
                        .read(row -> row.text("text"), 7);
                DataFile.Divided<String> grouped = new DataFile(
                                file,
                                null,
                                null,
                                new Division(0.2, 0, new Column("--group", "group"), null, null),
                                false)
                        .read(row -> row.text("text"), 7)) {
            assertThat(parts.train()).isEqualTo(list(rows.train())).hasSameHashCodeAs(list(rows.train()));
            assertThat(parts.validation()).isEqualTo(list(rows.test())).isNotEmpty();
            assertThat(grouped.train()).isEqualTo(list(groups.train()));
            assertThat(grouped.validation()).isEqualTo(list(groups.test())).isNotEmpty();
        }
    }

    /** Of those beyond a thousand, only the places are kept. */
    @Test
    void eachLineThatIsLeftOutIsOneOfItsFile() throws IOException {
        String good = "{\"text\": \"a\"}\n";
        Path train = Files.writeString(folder.resolve("train.jsonl"), good + "wrong\n".repeat(1500));
        Path held = Files.writeString(folder.resolve("held.jsonl"), good + "wrong\n".repeat(400));
        try (DataFile.Divided<String> parts =
                new DataFile(train, null, held, Division.NONE, true).read(row -> row.text("text"), 7)) {
            List<String> skipped = parts.pass().skipped();
            assertThat(skipped).hasSize(1900);
            assertThat(skipped.get(999)).startsWith(train + ":1001: ");
            assertThat(skipped.get(1000)).isEqualTo(train + ":1002: wrong too");
            assertThat(skipped.get(1499)).isEqualTo(train + ":1501: wrong too");
            assertThat(skipped.get(1500)).isEqualTo(held + ":2: wrong too");
            assertThat(skipped.get(1899)).isEqualTo(held + ":401: wrong too");
        }
    }

    /** A tenth of the 30 texts with the rare label, which is never alone, is for the validation, and a tenth for the test, up to one. */
    @Test
    void eachPartHasTheSameShareOfEachLabel() throws IOException {
        StringBuilder lines = new StringBuilder("text,labels\n");
        for (int i = 0; i < 600; i++) {
            lines.append(i).append(i % 20 == 0 ? ",often;rare\n" : i % 3 == 0 ? ",\n" : ",often\n");
        }
        Path file = Files.writeString(folder.resolve("labels.csv"), lines);
        Function<TextRow, List<String>> labels = row -> row.labels("labels", ";");
        for (long seed = 0; seed < 20; seed++) {
            try (DataFile.Divided<List<String>> parts = new DataFile(
                            file, null, null, new Division(0.1, 0.1, null, null, null), false)
                    .stratifiedBy(labels)
                    .read(labels, seed)) {
                assertThat(parts.train().stream().filter(all -> all.contains("rare")))
                        .hasSizeBetween(23, 25);
                assertThat(parts.validation().stream().filter(all -> all.contains("rare")))
                        .hasSizeBetween(2, 4);
                assertThat(parts.test().stream().filter(all -> all.contains("rare")))
                        .hasSizeBetween(2, 4);
                assertThat(parts.train().stream().filter(List::isEmpty)).hasSizeBetween(150, 154);
            }
        }
    }

    @Test
    void eachPartHasTheSameShareOfEachClass() throws IOException {
        StringBuilder lines = new StringBuilder("text,label\n");
        for (int i = 0; i < 400; i++) {
            lines.append(i).append(i % 8 == 0 ? ",rare\n" : ",often\n");
        }
        Path file = Files.writeString(folder.resolve("classes.csv"), lines);
        Function<TextRow, String> label = row -> row.label("label");
        for (long seed = 0; seed < 20; seed++) {
            try (DataFile.Divided<String> parts = new DataFile(
                            file, null, null, new Division(0.1, 0.1, null, null, null), false)
                    .stratifiedBy(new Column("--label", "label"))
                    .read(label, seed)) {
                assertThat(parts.train().stream().filter("rare"::equals)).hasSize(40);
                assertThat(parts.validation().stream().filter("rare"::equals)).hasSize(5);
                assertThat(parts.test().stream().filter("rare"::equals)).hasSize(5);
                assertThat(parts.train()).hasSize(320);
                assertThat(parts.validation()).hasSize(40);
            }
        }
        assertThat(TextFiles.read(file).splitWithin(label, 3, 0.1).test().stream()
                        .map(label))
                .hasSize(40)
                .filteredOn("rare"::equals)
                .hasSize(5);
    }

    @Test
    @Tag("slow")
    void groupsStayTogetherInAllParts() throws IOException {
        Path file = csv(900);
        Function<TextRow, String> group = row -> row.label("group");
        try (DataFile.Divided<String> parts = new DataFile(
                        file, null, null, new Division(0.2, 0.2, new Column("--group", "group"), null, null), false)
                .stratifiedBy(new Column("--label", "text"))
                .read(group, 1)) {
            assertThat(parts.test()).isNotEmpty().doesNotContainAnyElementsOf(parts.validation());
            assertThat(parts.train()).doesNotContainAnyElementsOf(parts.test());
            assertThat(parts.validation()).isNotEmpty().doesNotContainAnyElementsOf(parts.train());
        }
    }

    @Test
    void aRowHasSeveralExamplesOrNone() throws IOException {
        try (DataFile.Divided<String> parts = new DataFile(csv(6), null, null, Division.NONE, false)
                .read(
                        row -> switch (Integer.parseInt(row.label("group"))) {
                            case 0 -> List.of(row.line() + "a", row.line() + "b");
                            default -> List.of();
                        },
                        (examples, part) -> {},
                        0)) {
            assertThat(parts.train()).containsExactly("2a", "2b", "4a", "4b", "6a", "6b");
            assertThat(parts.train().get(3)).isEqualTo("4b");
            assertThat(parts.unused()).isEqualTo(3);
        }
    }

    @Test
    void allLinesThatAreLeftOutAreCounted() throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"a\"}\n" + "wrong\n".repeat(1500));
        List<String> skipped = new DataFile(file, null, null, Division.NONE, true)
                .visit((row, part) -> {}, 0)
                .skipped();
        assertThat(skipped).hasSize(1500);
        assertThat(skipped.get(0)).startsWith(file + ":2: must be a JSON object");
        assertThat(skipped.get(1499)).isEqualTo(file + ":1501: wrong too");
        assertThatThrownBy(() -> new DataFile(file, null, null, Division.NONE, false).visit((row, part) -> {}, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ":2: ")
                .hasMessageEndingWith("; leave out such lines with --skip-bad-lines");
    }

    /** Each text three times, with labels that do not depend on it. */
    @Test
    void equalTextsAreInOnePartAndCounted() throws IOException {
        StringBuilder lines = new StringBuilder("text,label\n");
        Random random = new Random(2);
        for (int i = 0; i < 300; i++) {
            lines.append("text ")
                    .append(i % 100)
                    .append(',')
                    .append(random.nextInt(2))
                    .append('\n');
        }
        Path file = Files.writeString(folder.resolve("copies.csv"), lines);
        Function<TextRow, String> text = row -> row.text("text");
        DataFile data = new DataFile(file, null, null, new Division(0.2, 0.2, null, null, null), false);
        for (DataFile divided : List.of(data, data.stratifiedBy(new Column("--label", "label")))) {
            try (DataFile.Divided<String> copied = divided.read(text, 5);
                    DataFile.Divided<String> parts = divided.comparedBy(text).read(text, 5)) {
                assertThat(copied.train()).containsAnyElementsOf(copied.test());
                assertThat(copied.pass().copies()).isEqualTo(Copies.NONE);
                assertThat(parts.train()).hasSizeBetween(120, 240).doesNotContainAnyElementsOf(parts.test());
                assertThat(parts.validation())
                        .hasSizeGreaterThan(20)
                        .doesNotContainAnyElementsOf(parts.train())
                        .doesNotContainAnyElementsOf(parts.test());
                assertThat(parts.test()).hasSizeGreaterThan(20);
                assertThat(parts.pass().copies()).isEqualTo(new Copies(200, 0));
                assertThat(parts.pass().copies().text())
                        .isEqualTo("200 rows have the text of an earlier row; equal texts are in one part.");
            }
        }
    }

    /** A file or a group of its own stays as it is, so that only the number says what is wrong. */
    @Test
    void textsThatAlsoTrainAreCountedWhereTheUserDivides() throws IOException {
        Path train = Files.writeString(folder.resolve("train.csv"), "text,group\na,1\nb,2\na,1\n");
        Path held = Files.writeString(folder.resolve("held.csv"), "text,group\na,1\nc,2\na,3\n");
        Function<TextRow, String> text = row -> row.text("text");
        try (DataFile.Divided<String> parts = new DataFile(train, null, held, Division.NONE, false)
                .comparedBy(text)
                .read(text, 0)) {
            assertThat(parts.validation()).containsExactly("a", "c", "a");
            assertThat(parts.pass().copies()).isEqualTo(new Copies(3, 1));
            assertThat(parts.pass().copies().text())
                    .isEqualTo(
                            "3 rows have the text of an earlier row. 1 text of the validation or the test also trains, so"
                                    + " the numbers of the adapter are too good.");
        }
        StringBuilder lines = new StringBuilder("text,group\n");
        for (int i = 0; i < 100; i++) {
            lines.append("the same,").append(i).append('\n');
        }
        Files.writeString(train, lines);
        Division byGroup = new Division(0.2, 0.2, new Column("--group", "group"), null, null);
        try (DataFile.Divided<String> parts =
                new DataFile(train, null, null, byGroup, false).comparedBy(text).read(text, 0)) {
            assertThat(parts.pass().copies()).isEqualTo(new Copies(99, 1));
        }
    }

    /** Only one text: the message says why nothing is left for the validation. */
    @Test
    void saysThatEqualTextsLeaveNoneForTheValidation() throws IOException {
        Path file = Files.writeString(folder.resolve("one.csv"), "text\n" + "same\n".repeat(50));
        DataFile data = new DataFile(file, null, null, new Division(0.1, 0, null, null, null), false)
                .comparedBy(row -> row.text("text"));
        assertThatThrownBy(() -> data.read(row -> row.text("text"), 1))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("found none")
                .hasMessageContaining("49 rows have the text of an earlier row");
    }

    /** Of a few groups, one is enough for the validation. */
    @Test
    void theFirstGroupThatIsHeldOutIsForTheValidation() throws IOException {
        Function<TextRow, String> group = row -> row.label("group");
        Path file = csv(18);
        int held = 0;
        for (long seed = 0; seed < 40; seed++) {
            Division division = new Division(0.1, 0.1, new Column("--group", "group"), null, null);
            try (DataFile.Divided<String> parts = new DataFile(file, null, null, division, false).read(group, seed)) {
                held++;
                assertThat(parts.validation()).isNotEmpty();
                assertThat(Collections.disjoint(parts.validation(), parts.test()))
                        .isTrue();
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("for the validation, found none");
            }
        }
        // With six groups, none is held out in (1 - 0.2)⁶ = 26 % of all cases.
        assertThat(held).isBetween(20, 38);
    }
}
