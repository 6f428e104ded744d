package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A text in any language, empty, long, or with characters that nobody sees is taken, cut, or refused with its line. */
class HostileTextsTest {
    /** Lines 2 to 6 have no text. */
    private static final List<String> REFUSED =
            List.of("", "\u0007\u0000\t", "\u200b\u200f", "\u00a0\ufeff", "a \ud800 b");

    private static final String LONG = "the cat ".repeat(16_384);

    private static final List<String> TAKEN = List.of(
            "the cat purrs",
            "a ship on the sea",
            "кошка 貓 🐈 שלום ॐ",
            "the \u0000 cat \u0007",
            "e\u0301 \u202eabc\u202c",
            "\r\n the cat\t\u2028");

    @TempDir
    private static Path temp;

    private static Path bert;
    private static Path llama;
    private static Path file;
    private static Path classifier;

    @BeforeAll
    static void write() throws IOException {
        bert = SmallModels.bert(temp.resolve("bert"), 1);
        llama = SmallModels.llama(temp.resolve("llama"), 1);
        StringBuilder lines = new StringBuilder(row("first", 0));
        for (String text : REFUSED) {
            lines.append(row(text, 1));
        }
        lines.append(row(LONG, 1));
        for (int i = 0; i < 4; i++) {
            for (int k = 0; k < TAKEN.size(); k++) {
                lines.append(row(TAKEN.get(k), k % 2));
            }
        }
        file = Files.writeString(temp.resolve("hostile.jsonl"), lines);
        classifier = temp.resolve("classifier");
        Cli.good(train("classify", bert, classifier, "--skip-bad-lines"));
    }

    /** A row for all commands. A lone surrogate has no UTF-8 form, so it is written as an escape. */
    private static String row(String text, int label) {
        ObjectNode row = new ObjectMapper().createObjectNode();
        for (String column : List.of("text", "passage", "positive", "completion", "chosen")) {
            row.put(column, text);
        }
        row.put("query", "the cat")
                .put("prompt", "the cat")
                .put("rejected", "another answer")
                .put("label", label);
        return row.toString().replace("\ud800 b", "\\ud800 b") + "\n";
    }

    private static Object[] train(String command, Path model, Path output, Object... more) {
        return Cli.words(
                new Object[] {
                    command, "--model", model, "--data", file, "--output", output, "--epochs", 1, "--validation", 0
                },
                more);
    }

    private static void assertRefused(Object... command) {
        Cli cli = Cli.run(command);
        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.errLines())
                .singleElement()
                .asString()
                .startsWith("error: " + file + ":2: ")
                .contains("--skip-bad-lines")
                .hasSizeLessThan(500);
        Cli rest = Cli.good(Cli.words(command, "--skip-bad-lines"));
        assertThat(rest.out()).contains("lines were left out; the first: " + file + ":2: ");
    }

    @ParameterizedTest
    @CsvSource({"classify", "retrieve", "rerank", "sft", "dpo", "clm"})
    @Tag("slow")
    void trainingsNameTheLineAndGoOnWithoutIt(String command) {
        boolean isDecoder = List.of("sft", "dpo", "clm").contains(command);
        Object[] training = train(command, isDecoder ? llama : bert, temp.resolve(command));
        assertRefused(command.equals("clm") ? Cli.words(training, "--block", 128, "--batch", 64) : training);
        assertThat(temp.resolve(command).resolve("report.json")).content().contains(":6: ", "half a character");
    }

    @Test
    void filesAreCopiedWithoutTheseLines() throws IOException {
        int rows = 2 + 4 * TAKEN.size();
        for (List<Object> command : List.<List<Object>>of(
                List.of("predict", "--model", bert, "--adapter", classifier), List.of("embed", "--model", bert))) {
            Path output = temp.resolve(command.get(0) + ".jsonl");
            assertRefused(Cli.words(command.toArray(), "--data", file, "--output", output));
            assertThat(Files.readAllLines(output)).hasSize(rows);
        }
        // A decoder does not cut a prompt: the long one is refused too.
        Path answers = temp.resolve("answers.jsonl");
        assertRefused("predict", "--model", llama, "--data", file, "--output", answers, "--max-new-tokens", 1);
        assertThat(Files.readAllLines(answers)).hasSize(rows - 1);
    }

    @Test
    @Tag("slow")
    void testsNameTheLineAndGoOnWithoutIt() {
        assertRefused("evaluate", "--model", bert, "--adapter", classifier, "--data", file);
        assertRefused("evaluate", "--model", bert, "--data", file, "--query", "query");
        Path sorter = temp.resolve("sorter");
        Cli.good(train("rerank", bert, sorter, "--skip-bad-lines"));
        assertRefused("evaluate", "--model", bert, "--adapter", sorter, "--data", file);
        assertRefused("evaluate", "--model", llama, "--data", file, "--max-tokens", 64);
    }
}
