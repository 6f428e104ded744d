package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.fixtures.TokenizerForms;

/** A decoder takes whole texts, whatever its tokenizer.json says about truncation and padding. */
@Tag("slow")
class TokenizerFormsTest {
    private static final String TEXT = "the cat purrs and the ship sails on the sea";

    @TempDir
    private static Path temp;

    private static Path data;
    private static Path texts;
    private static List<Object> expected;

    @BeforeAll
    static void computeWithoutBoth() throws Exception {
        data = Files.writeString(temp.resolve("chats.jsonl"), """
                {"messages": [{"role": "user", "content": "%1$s?"}, {"role": "assistant", "content": "moo moo"}]}
                {"prompt": "%1$s? why?", "completion": "because"}
                """.formatted(TEXT));
        texts = Files.writeString(temp.resolve("texts.jsonl"), "{\"text\": \"" + TEXT + "\"}\n");
        expected = results(SmallModels.llama(temp.resolve("none"), 1), temp.resolve("of-none"));
    }

    /** What generate, chat, serve, sft, clm and evaluate make of texts. */
    private static List<Object> results(Path model, Path output) throws Exception {
        List<Object> results = new ArrayList<>();
        results.add(Cli.good("generate", "--model", model, "--prompt", TEXT, "--max-new-tokens", 8)
                .out());
        for (String command : List.of("sft", "clm")) {
            Path adapter = output.resolve(command);
            Cli.good(
                    command,
                    "--model",
                    model,
                    "--data",
                    command.equals("sft") ? data : texts,
                    "--output",
                    adapter,
                    "--epochs",
                    1,
                    "--validation",
                    0,
                    "--seed",
                    3);
            results.add(Files.readAllBytes(adapter.resolve("adapter_model.safetensors")));
            ObjectNode tested =
                    (ObjectNode) Cli.good("evaluate", "--model", model, "--adapter", adapter, "--data", texts, "--json")
                            .json();
            tested.remove(List.of("seconds", "model", "adapter"));
            results.add(tested);
        }
        try (RunningServer server = RunningServer.start("--model", model, "--allow-base")) {
            JsonNode answer = server.good("/v1/chat/completions", """
                    {"model": "%s", "max_tokens": 8, "temperature": 0,
                     "messages": [{"role": "user", "content": "%s?"}]}
                    """.formatted(model.getFileName(), TEXT));
            results.add(answer.at("/choices/0/message"));
            results.add(answer.path("usage"));
        }
        return results;
    }

    @Test
    void theWholeTextCounts() {
        assertThat(((JsonNode) expected.get(expected.size() - 1))
                        .path("prompt_tokens")
                        .asInt())
                .isGreaterThan(TEXT.length());
    }

    @ParameterizedTest
    @EnumSource
    void nothingIsCutOrPadded(TokenizerForms form) throws Exception {
        Path model = SmallModels.llama(temp.resolve(form.name()).resolve("none"), 1);
        form.store(model.resolve("tokenizer.json"));
        assertThat(results(model, temp.resolve("of-" + form)))
                .usingRecursiveFieldByFieldElementComparator()
                .isEqualTo(expected);
    }
}
