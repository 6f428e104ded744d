package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.text.Split;
import org.lora4j.text.TextFiles;
import org.lora4j.text.TextFormatException;
import org.lora4j.text.TextRow;

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
        try (DataFile.Parts<String> parts = new DataFile(file, null, null, new Division(0.2, 0, null, null), false)
                        .read(row -> row.text("text"), 7);
                DataFile.Parts<String> grouped = new DataFile(
                                file, null, null, new Division(0.2, 0, new Column("--group", "group"), null), false)
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
        try (DataFile.Parts<String> parts =
                new DataFile(train, null, held, Division.NONE, true).read(row -> row.text("text"), 7)) {
            List<String> skipped = parts.skipped();
            assertThat(skipped).hasSize(1900);
            assertThat(skipped.get(999)).startsWith(train + ":1001: ");
            assertThat(skipped.get(1000)).isEqualTo(train + ":1002: wrong too");
            assertThat(skipped.get(1499)).isEqualTo(train + ":1501: wrong too");
            assertThat(skipped.get(1500)).isEqualTo(held + ":2: wrong too");
            assertThat(skipped.get(1899)).isEqualTo(held + ":401: wrong too");
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
            try (DataFile.Parts<String> parts = new DataFile(file, null, null, new Division(0.1, 0, null, null), false)
                    .stratifiedBy(new Column("--label", "label"), 0.1)
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
        try (DataFile.Parts<String> parts = new DataFile(
                        file, null, null, new Division(0.2, 0, new Column("--group", "group"), null), false)
                .stratifiedBy(new Column("--label", "text"), 0.2)
                .read(group, 1)) {
            assertThat(parts.test()).isNotEmpty().doesNotContainAnyElementsOf(parts.validation());
            assertThat(parts.train()).doesNotContainAnyElementsOf(parts.test());
            assertThat(parts.validation()).isNotEmpty().doesNotContainAnyElementsOf(parts.train());
        }
    }

    @Test
    void aRowHasSeveralExamplesOrNone() throws IOException {
        try (DataFile.Parts<String> parts = new DataFile(csv(6), null, null, Division.NONE, false)
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
        List<String> skipped = new DataFile(file, null, null, Division.NONE, true).visit((row, part) -> {}, 0);
        assertThat(skipped).hasSize(1500);
        assertThat(skipped.get(0)).startsWith(file + ":2: must be a JSON object");
        assertThat(skipped.get(1499)).isEqualTo(file + ":1501: wrong too");
        assertThatThrownBy(() -> new DataFile(file, null, null, Division.NONE, false).visit((row, part) -> {}, 0))
                .isInstanceOf(TextFormatException.class)
                .hasMessageStartingWith(file + ":2: ");
    }
}
