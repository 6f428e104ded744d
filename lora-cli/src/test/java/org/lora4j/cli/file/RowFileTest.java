package org.lora4j.cli.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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

    @Test
    void refusesANameWithoutAForm() {
        assertThatExceptionOfType(IllegalArgumentException.class)
                .isThrownBy(() -> RowFile.write(folder.resolve("rows.txt"), sink -> 0))
                .withMessageContaining("rows.txt: the name must end with .csv, .tsv or .jsonl");
        assertThat(folder).isEmptyDirectory();
    }
}
