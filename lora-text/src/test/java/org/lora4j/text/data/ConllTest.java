package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Words with tags, and texts with spans, as files have them. */
class ConllTest {
    @TempDir
    private Path temp;

    private Path write(String name, String content) throws IOException {
        return Files.writeString(temp.resolve(name), content);
    }

    private static List<String> rows(Dataset<TextRow> data) {
        List<String> rows = new ArrayList<>();
        data.forEach(row -> rows.add(row.line() + " " + row.json()));
        return rows;
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n"})
    void aRowIsAllLinesUpToAnEmptyOne(String end) throws IOException {
        String content = String.join(
                end,
                "-DOCSTART- -X- O",
                "",
                "# id 7 domain=en",
                "Ann NNP B-PER",
                "# NN O",
                "",
                "",
                "York\tNNP\tB-LOC",
                "New York\tNNP\tI-LOC",
                "  ",
                "the DT O");
        Path file = write("a.conll", content);
        assertThat(rows(TextFiles.conll(file)))
                .containsExactly(
                        "4 {\"tokens\":[\"Ann\",\"#\"],\"tags\":[\"B-PER\",\"O\"]}",
                        "8 {\"tokens\":[\"York\",\"New York\"],\"tags\":[\"B-LOC\",\"I-LOC\"]}",
                        "11 {\"tokens\":[\"the\"],\"tags\":[\"O\"]}");
        try (IndexedFile indexed = IndexedFile.open(file)) {
            indexed.rows()
                    .forEach(row -> assertThat(
                                    indexed.row(row.offset(), row.line()).json())
                            .isEqualTo(row.json()));
        }
        assertThat(rows(TextFiles.read(write("b.bio", "")))).isEmpty();
    }

    @Test
    void aTextWithAWrongLineIsLeftOutAsAWhole() throws IOException {
        Path file = temp.resolve("a.iob");
        Files.write(
                file,
                "Ann B-PER\n\u00e4\nxx\n\nBob B-PER\nno\nyes O\n\nEve B-PER\n".getBytes(StandardCharsets.ISO_8859_1));
        List<String> wrong = new ArrayList<>();
        assertThat(rows(TextFiles.read(file).skipping(e -> wrong.add(e.line() + " " + e.getMessage()))))
                .containsExactly("9 {\"tokens\":[\"Eve\"],\"tags\":[\"B-PER\"]}");
        assertThat(wrong)
                .containsExactly(
                        "2 " + file + ":2: must be UTF-8, found other bytes",
                        "6 " + file + ":6: must have a word and its tag, found one column");
    }
}
