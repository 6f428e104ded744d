package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What trainings of language models say of texts that they do not learn. */
@Tag("slow")
class ForgettingTest {
    @TempDir
    private static Path temp;

    private static Path model;
    private static Path chats;
    private static Path pairs;
    private static Path other;

    @BeforeAll
    static void write() throws IOException {
        model = SmallModels.llama(temp.resolve("llama"), 1);
        chats = Files.writeString(temp.resolve("chats.jsonl"), """
                {"messages": [{"role": "user", "content": "the cow?"}, {"role": "assistant", "content": "moo"}]}
                """.repeat(8));
        pairs = Files.writeString(temp.resolve("pairs.jsonl"), """
                {"prompt": "the cow?", "chosen": "moo", "rejected": "miaow"}
                """.repeat(8));
        other = Files.writeString(temp.resolve("rhyme.txt"), "one two three, look at me. ".repeat(20));
    }

    private static Object[] training(String command, Path output, Path forgetting) {
        return new Object[] {
            command,
            "--model",
            model,
            "--data",
            command.equals("dpo") ? pairs : command.equals("clm") ? other : chats,
            "--output",
            output,
            "--rate",
            0.02,
            "--epochs",
            5,
            "--validation",
            0,
            "--forgetting",
            forgetting,
            command.equals("clm") ? "--block" : "--max-tokens",
            48
        };
    }

    private static double perplexity(Path data, Object... adapter) throws IOException {
        return Cli.good(Cli.words(
                        new Object[] {"evaluate", "--model", model, "--data", data, "--max-tokens", 48, "--json"},
                        adapter))
                .json()
                .at("/metrics/perplexity")
                .asDouble();
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft", "clm", "dpo"})
    void theReportSaysWhatEvaluateFinds(String command) throws IOException {
        Path forgetting = command.equals("sft") ? other : chats;
        String name = forgetting.getFileName().toString();
        Path output = temp.resolve(command);
        Cli cli = Cli.good(training(command, output, forgetting));
        JsonNode found = new ObjectMapper()
                .readTree(output.resolve("report.json").toFile())
                .at("/forgetting");
        double before = found.at("/before/perplexity").asDouble();
        double after = found.at("/after/perplexity").asDouble();
        assertThat(found.at("/file").asText()).isEqualTo(name);
        assertThat(before).isEqualTo(perplexity(forgetting));
        assertThat(after).isEqualTo(perplexity(forgetting, "--adapter", output)).isNotEqualTo(before);
        double difference = found.at("/difference/difference").asDouble();
        assertThat(Math.exp(difference)).isCloseTo(before / after, within(1e-9));
        assertThat(cli.out())
                .contains("of " + name + ": perplexity ", found.at("/verdict").asText());
        assertThat(Files.readString(output.resolve("report.html")))
                .contains(
                        "What the model could do before",
                        "of " + name,
                        found.at("/verdict").asText());
        assertThat(Files.readString(output.resolve("README.md"))).contains("perplexity with the adapter on " + name);
    }

    @Test
    void aWrongFileCostsNoTraining() throws IOException {
        Path output = temp.resolve("none");
        Path missing = temp.resolve("missing.jsonl");
        Cli cli = Cli.run(training("sft", output, missing));
        assertThat(cli.code()).isEqualTo(1);
        assertThat(cli.err()).contains(missing + ": there is no such file");
        Path broken = Files.writeString(temp.resolve("broken.jsonl"), "{\"text\": \"good\"}\n{\"other\": \"x\"}\n");
        assertThat(Cli.run(training("dpo", output, broken)).err()).contains(broken + ":2: ", "text", "--forgetting");
        assertThat(output.resolve("adapter_model.safetensors")).doesNotExist();
    }
}
