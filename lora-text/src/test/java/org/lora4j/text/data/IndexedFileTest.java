package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows that are read again by their place are those of the pass over the file. */
class IndexedFileTest {
    private static final List<String> PIECES = List.of("a", "ä", "京", "🚀", " ", ",", ";", "x".repeat(9000), "'");

    @TempDir
    private Path folder;

    private static String text(Random random, String... more) {
        List<String> pieces = new ArrayList<>(PIECES);
        pieces.addAll(List.of(more));
        StringBuilder text = new StringBuilder("t");
        for (int i = random.nextInt(6); i > 0; i--) {
            text.append(pieces.get(random.nextInt(pieces.size())));
        }
        return text.toString();
    }

    /** The content of a file with random texts and ends of lines, and rows that are refused. */
    private static String content(String name, Random random) {
        StringBuilder content = new StringBuilder(random.nextBoolean() ? "\uFEFF" : "");
        String end = List.of("\n", "\r\n", name.contains("json") ? "\n" : "\r").get(random.nextInt(3));
        String between = name.contains("csv") ? "," : "\t";
        if (!name.contains("json")) {
            content.append("text").append(between).append("label").append(end);
        }
        for (int i = 0; i < 200; i++) {
            if (random.nextInt(9) == 0) {
                content.append(end);
            }
            if (random.nextInt(20) == 0) {
                content.append("wrong").append(end);
            }
            if (name.contains("json")) {
                String text = new String(JsonStringEncoder.getInstance().quoteAsString(text(random, "\n", "\"", "\r")));
                content.append("{\"text\": \"")
                        .append(text)
                        .append("\", \"label\": ")
                        .append(i)
                        .append('}');
            } else if (name.contains("csv")) {
                String text = text(random, "\n", "\r\n", "\r", "\"").replace("\"", "\"\"");
                content.append('"').append(text).append("\",").append(i);
            } else {
                content.append(text(random)).append('\t').append(i);
            }
            // The last line may have no end.
            content.append(i < 199 || random.nextBoolean() ? end : "");
        }
        return content.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.csv", "a.tsv", "a.jsonl", "a.csv.gz", "a.jsonl.gz"})
    @Tag("slow")
    void rowsAreReadAgainInAnyOrder(String name) throws IOException {
        for (int seed = 0; seed < 12; seed++) {
            Random random = new Random(seed);
            Path file = folder.resolve(name);
            try (OutputStream plain = Files.newOutputStream(file);
                    OutputStream out = name.endsWith(".gz") ? new GZIPOutputStream(plain) : plain) {
                out.write(content(name, random).getBytes(StandardCharsets.UTF_8));
            }
            List<String> refused = new ArrayList<>();
            List<TextRow> expected =
                    DataFilesTest.list(TextFiles.read(file).skipping(e -> refused.add(e.getMessage())));
            assertThat(expected).hasSize(200);
            List<String> refusedHere = new ArrayList<>();
            try (IndexedFile indexed = IndexedFile.open(file)) {
                List<TextRow> rows = DataFilesTest.list(indexed.rows().skipping(e -> refusedHere.add(e.getMessage())));
                assertThat(rows)
                        .extracting(TextRow::json)
                        .containsExactlyElementsOf(
                                expected.stream().map(TextRow::json).toList());
                List<TextRow> shuffled = new ArrayList<>(rows);
                Collections.shuffle(shuffled, random);
                for (TextRow row : shuffled) {
                    TextRow again = indexed.row(row.offset(), row.line());
                    assertThat(again.json())
                            .as("seed %d, line %d", seed, row.line())
                            .isEqualTo(row.json());
                    assertThat(again.line()).isEqualTo(row.line());
                    assertThat(again.offset()).isEqualTo(row.offset());
                }
            }
            assertThat(refusedHere).isEqualTo(refused);
        }
    }

    @Test
    void rowsAreReadWithoutAPassBefore() throws IOException {
        Path file = Files.writeString(folder.resolve("a.csv"), "text,label\na,b\nc,d\n");
        try (IndexedFile indexed = IndexedFile.open(file)) {
            assertThat(indexed.row(15, 3).labelled("text", "label")).isEqualTo(new LabelledText("c", "d"));
            assertThatThrownBy(() -> indexed.row(15, 3).text("other"))
                    .isInstanceOf(TextFormatException.class)
                    .hasMessageStartingWith(file + ":3: must have a value other");
        }
    }

    @Test
    void aPlaceOutsideAndAChangedFileAreRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"a\"}\n\n\n");
        try (IndexedFile indexed = IndexedFile.open(file)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> indexed.row(99, 1))
                    .withMessage(file + ": a row must begin within the 16 bytes of the file, found byte 99, line 1");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> indexed.row(15, 3))
                    .withMessage(file + ": a row must begin at byte 15, line 3, found the end of the file");
            Files.writeString(file, "{}\n", StandardOpenOption.APPEND);
            assertThatThrownBy(() -> indexed.row(0, 1))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessage(
                            file + ":1: the file must stay as it is while it is used, found 19 bytes in place of 16");
        }
    }

    @Test
    void theUnpackedCopyIsDeleted() throws IOException {
        Path file = folder.resolve("a.jsonl.gz");
        String text = "unpacked at " + System.nanoTime();
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
            out.write(("{\"text\": \"" + text + "\"}\n").getBytes(StandardCharsets.UTF_8));
        }
        try (IndexedFile indexed = IndexedFile.open(file)) {
            assertThat(indexed.row(0, 1).text("text")).isEqualTo(text);
        }
        assertThat(copies()).noneMatch(copy -> copy.contains(text));
        byte[] packed = Files.readAllBytes(file);
        for (byte[] broken : List.of(Arrays.copyOf(packed, packed.length - 9), new byte[] {0x1f, (byte) 0x8b, 7, 0})) {
            Files.write(file, broken);
            assertThatThrownBy(() -> IndexedFile.open(file))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(file + ": a file packed with gzip must be whole, found another one");
        }
    }

    /** A packed file can be a thousandth of what it holds. */
    @Test
    void aFileOfSomebodyElseIsBounded() throws IOException {
        Path file = folder.resolve("data");
        for (boolean packed : List.of(true, false)) {
            try (OutputStream plain = Files.newOutputStream(file);
                    OutputStream out = packed ? new GZIPOutputStream(plain) : plain) {
                out.write("text\nmeow\n".getBytes(StandardCharsets.UTF_8));
            }
            try (IndexedFile indexed = IndexedFile.open(file, "A.CSV.gz", 10)) {
                assertThat(indexed.row(5, 2).text("text")).isEqualTo("meow");
            }
            assertThatThrownBy(() -> IndexedFile.open(file, "a.csv", 9))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file + ": a file of rows must have at most 9 bytes, unpacked, found more; divide it");
            assertThatThrownBy(() -> IndexedFile.open(file, "a.txt", 10))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("must end with .csv");
        }
    }

    /** The contents of all copies of this and of other processes, whose copies may be deleted meanwhile. */
    private static List<String> copies() throws IOException {
        List<String> copies = new ArrayList<>();
        try (var files = Files.newDirectoryStream(Path.of(System.getProperty("java.io.tmpdir")), "*.unpacked")) {
            for (Path file : files) {
                try (InputStream in = Files.newInputStream(file)) {
                    copies.add(new String(in.readNBytes(1000), StandardCharsets.UTF_8));
                } catch (NoSuchFileException e) {
                    // That of another process.
                }
            }
        }
        return copies;
    }
}
