package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.Patience;

/** Rows of 1 MB among short ones, which are cut at a few tokens, in a JVM with little memory. */
@Tag("slow")
class LongRowTest {
    private static final int LENGTH = 1_000_000;

    @TempDir
    private Path temp;

    private Path csv(String command, String unit) throws IOException {
        StringBuilder rows = new StringBuilder("text,label,query,positive,negative\n");
        for (int i = 0; i < 24; i++) {
            String brief = i % 2 == 0 ? "the cat" : "a ship";
            String text = i == 5 || i == 6 ? unit.repeat(LENGTH / unit.length()) : brief;
            boolean classifies = command.equals("classify");
            rows.append(classifies ? text : brief)
                    .append(',')
                    .append(i % 2)
                    .append(",the " + i + ",")
                    .append(classifies ? brief : text)
                    .append(",sea\n");
        }
        return Files.writeString(temp.resolve("texts.csv"), rows);
    }

    @ParameterizedTest
    @CsvSource({
        "classify, bert, 'the cat '",
        "classify, bert, x",
        "rerank, bert, 'the cat '",
        "retrieve, bert, '- '",
        "classify, llama, 'the cat '"
    })
    void costsLittleMoreThanAShortRow(String command, String kind, String unit) throws Exception {
        Path model =
                kind.equals("llama") ? SmallModels.llama(temp.resolve("m"), 1) : SmallModels.bert(temp.resolve("m"), 1);
        if (kind.equals("llama")) {
            // The tokenizers of most decoders divide a text into words.
            Path tokenizer = model.resolve("tokenizer.json");
            Files.writeString(
                    tokenizer, Files.readString(tokenizer).replaceFirst("\"use_regex\":false", "\"use_regex\":true"));
        }
        List<String> words = JavaCommand.of("-Xmx80m", "org.lora4j.cli.Lora", command);
        words.addAll(List.of(
                "--model",
                model.toString(),
                "--data",
                csv(command, unit).toString(),
                "--output",
                temp.resolve("adapter").toString(),
                "--max-tokens",
                "32",
                "--validation",
                "0.2",
                "--dry-run",
                "--json"));
        Path out = temp.resolve("out.json");
        Path log = temp.resolve("log");
        Process process = new ProcessBuilder(words)
                .redirectOutput(out.toFile())
                .redirectError(log.toFile())
                .start();
        try {
            int code = Patience.awaitEnd(process);
            assertThat(code).as(Files.readString(log)).isZero();
            JsonNode estimate = new ObjectMapper().readTree(out.toFile());
            assertThat(estimate.toString()).contains("tokens");
        } finally {
            process.destroyForcibly();
        }
    }
}
