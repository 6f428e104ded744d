package org.lora4j.cli.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.internal.StrictJson;

class RowFileTest {
    @TempDir
    private Path folder;

    private static ObjectNode row(String text) {
        return StrictJson.MAPPER.createObjectNode().put("text", text);
    }

    @Test
    void twoWritersOfOneFileLeaveTheRowsOfTheLast() throws IOException {
        Path output = folder.resolve("rows.jsonl");
        long rows = RowFile.write(output, first -> {
            first.add(row("first 1"));
            long others = RowFile.write(output, second -> {
                second.add(row("second"));
                return 1;
            });
            assertThat(others).isEqualTo(1);
            assertThat(output).hasContent("{\"text\":\"second\"}\n");
            first.add(row("first 2"));
            return 2;
        });
        assertThat(rows).isEqualTo(2);
        assertThat(output).hasContent("{\"text\":\"first 1\"}\n{\"text\":\"first 2\"}\n");
        assertThat(folder).isDirectoryNotContaining(file -> !file.equals(output));
    }

    @Test
    void aWriterThatFailsLeavesTheFileOfBefore() throws IOException {
        Path output = Files.writeString(folder.resolve("rows.csv"), "before");
        assertThatIOException()
                .isThrownBy(() -> RowFile.write(output, sink -> {
                    sink.add(row("1"));
                    sink.add(row("2").put("more", 3));
                    return 2;
                }))
                .withMessageStartingWith(output + ": the file cannot be written (each row must have the columns")
                .withMessageEndingWith("the file that was saved before is intact");
        assertThat(output).hasContent("before");
        assertThat(folder).isDirectoryNotContaining(file -> !file.equals(output));
    }

    @Test
    void anErrorOfAnotherFileNamesThat() {
        assertThatExceptionOfType(NoSuchFileException.class)
                .isThrownBy(() -> RowFile.write(folder.resolve("rows.tsv.gz"), sink -> {
                    throw new NoSuchFileException("input.csv");
                }))
                .withMessage("input.csv");
        assertThat(folder).isEmptyDirectory();
    }

    private String copy(String input, String content, @Nullable Character delimiter, String output) throws IOException {
        Path file = Files.writeString(folder.resolve(input), content);
        DataFile data = new DataFile(file, delimiter, null, Division.NONE, false);
        Path copy = folder.resolve(output);
        long rows = new RowFile(data, copy, null)
                .copy(
                        row -> row.text("text"),
                        texts -> texts.stream()
                                .map(text -> Map.<String, Object>of("n", text.length()))
                                .toList());
        assertThat(rows).isEqualTo(2);
        return Files.readString(copy);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "~",
            value = {
                "a.csv ~ 0 ~ 'text,k|\"a,b\",x|c;d,y|' ~ b.csv ~ 'text,k,n|\"a,b\",x,3|c;d,y,3|'",
                "a.csv ~ 0 ~ '\uFEFFtext;k|\"a;b\";x|c,d;y|' ~ b.csv ~ '\uFEFFtext;k;n|\"a;b\";x;3|c,d;y;3|'",
                "a.csv ~ 0 ~ 'text;k\u0085a;x\u0085cd;y' ~ b.csv ~ 'text;k;n\u0085a;x;1\u0085cd;y;2\u0085'",
                "a.csv ~ 0 ~ '\uFEFFtext;k\u0085\"a|b\";x\u0085c;y\u0085' ~ b.csv"
                        + " ~ '\uFEFFtext;k;n\u0085\"a|b\";x;3\u0085c;y;1\u0085'",
                "a.csv ~ 0 ~ 'text\tk|a,b\tx|c\ty|' ~ b.csv ~ 'text\tk\tn|a,b\tx\t3|c\ty\t1|'",
                "a.csv ~ ! ~ 'text!k|a,b!x|c!y|' ~ b.csv ~ 'text!k!n|a,b!x!3|c!y!1|'",
                "a.tsv ~ 0 ~ '\uFEFFtext\tk\u0085a\tx\u0085c\ty' ~ b.tsv ~ '\uFEFFtext\tk\tn\u0085a\tx\t1\u0085c\ty\t1\u0085'",
                "a.jsonl ~ 0 ~ '{\"text\":\"a\"}\u0085{\"text\":\"b\"}' ~ b.json"
                        + " ~ '{\"text\":\"a\",\"n\":1}\u0085{\"text\":\"b\",\"n\":1}\u0085'",
                "a.csv ~ 0 ~ '\uFEFFtext;k\u0085a;x\u0085c;y' ~ b.tsv ~ 'text\tk\tn|a\tx\t1|c\ty\t1|'",
                "a.csv ~ 0 ~ '\uFEFFtext;k\u0085a;x\u0085c;y' ~ b.jsonl"
                        + " ~ '{\"text\":\"a\",\"k\":\"x\",\"n\":1}|{\"text\":\"c\",\"k\":\"y\",\"n\":1}|'",
                "a.tsv ~ 0 ~ 'text\tk\u0085a\tx\u0085c\ty' ~ b.csv ~ 'text,k,n|a,x,1|c,y,1|'"
            })
    void aCopyOfTheSameFormatHasTheFormOfItsInput(
            String input, char delimiter, String content, String output, String expected) throws IOException {
        assertThat(copy(input, lines(content), delimiter == '0' ? null : delimiter, output))
                .isEqualTo(lines(expected));
    }

    /** A vertical bar is a line feed, and U+0085 a carriage return with a line feed. */
    private static String lines(String text) {
        return text.replace("|", "\n").replace("\u0085", "\r\n");
    }

    @Test
    void refusesAnInputThatIsASpreadsheet() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> copy("a.xlsx", "PK", null, "b.csv"))
                .withMessageContaining("a.xlsx: the file must be CSV, TSV or JSONL, found a spreadsheet");
    }

    @Test
    void refusesANameWithoutAForm() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> RowFile.write(folder.resolve("rows.txt"), sink -> 0))
                .withMessageContaining("rows.txt: the name must end with .csv, .tsv or .jsonl");
        assertThat(folder).isEmptyDirectory();
    }
}
