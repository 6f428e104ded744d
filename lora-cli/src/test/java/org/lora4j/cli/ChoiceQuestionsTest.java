package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.DecoderFolder;

/** {@code evaluate} on questions with choices, beside whole passes over the texts. The tokens of the model are bytes. */
class ChoiceQuestionsTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final List<String> CONTEXTS = List.of(
            "the cat", "a ship sails on ", "milk is", "the sea", "purrs", "on a", "one two", "three", "look at", "me");
    private static final List<String> CHOICES = List.of("purrs", "the long white milk", "ocean", "white", " sails");

    @TempDir
    private static Path temp;

    private static Path base;
    private static Path adapter;
    private static Path questions;

    /** The questions that the model alone and with the adapter answer, by the sum and by the length. */
    private static final boolean[][] RIGHT = new boolean[4][CONTEXTS.size()];

    @BeforeAll
    static void write() throws IOException {
        base = SmallModels.llama(temp.resolve("llama"), 1);
        adapter = temp.resolve("support");
        RandomAdapters.write(adapter, "model.layers", "self_attn.q_proj", 5);
        List<String> lines = new ArrayList<>();
        try (DecoderFolder folder = DecoderFolder.open(base)) {
            LoRAModel model = LoRAModel.of(folder.network());
            AdapterView view = model.add("support", PeftAdapters.load(adapter));
            for (int i = 0; i < CONTEXTS.size(); i++) {
                int[] alone = answers(model.base(), CONTEXTS.get(i));
                int[] adapted = answers(view, CONTEXTS.get(i));
                // The model alone is right two times of three, and else both are wrong.
                int answer = i % 3 < 2
                        ? alone[0]
                        : IntStream.range(0, CHOICES.size())
                                .filter(choice -> choice != alone[0] && choice != adapted[0])
                                .findFirst()
                                .orElseThrow();
                RIGHT[0][i] = alone[0] == answer;
                RIGHT[1][i] = adapted[0] == answer;
                RIGHT[2][i] = alone[1] == answer;
                RIGHT[3][i] = adapted[1] == answer;
                lines.add(line(CONTEXTS.get(i), i % 2 == 0 ? answer : CHOICES.get(answer)));
            }
        }
        questions = Files.write(temp.resolve("questions.jsonl"), lines);
    }

    private static String line(String context, Object answer) {
        ObjectNode row = MAPPER.createObjectNode().put("context", context);
        row.set("choices", MAPPER.valueToTree(CHOICES));
        return row.set("answer", MAPPER.valueToTree(answer)).toString();
    }

    /** The most probable choice, and the one with the greatest log probability of a byte. */
    private static int[] answers(Model model, String context) {
        double[] sums = new double[CHOICES.size()];
        double[] means = new double[CHOICES.size()];
        for (int i = 0; i < sums.length; i++) {
            String choice = CHOICES.get(i);
            String text = context + (context.endsWith(" ") || choice.startsWith(" ") ? "" : " ") + choice;
            int[] ids = IntStream.range(0, text.length()).map(text::charAt).toArray();
            double[][] logits = model.predict(Sequences.of(ids)).toDoubleMatrix();
            for (int j = context.strip().length(); j < ids.length; j++) {
                double[] row = logits[j - 1];
                sums[i] +=
                        row[ids[j]] - Math.log(Arrays.stream(row).map(Math::exp).sum());
            }
            means[i] = sums[i] / choice.getBytes(StandardCharsets.UTF_8).length;
        }
        return new int[] {largest(sums), largest(means)};
    }

    private static int largest(double[] values) {
        return IntStream.range(0, values.length)
                .reduce((a, b) -> values[b] > values[a] ? b : a)
                .orElseThrow();
    }

    private static double share(int which) {
        int count = 0;
        for (boolean right : RIGHT[which]) {
            count += right ? 1 : 0;
        }
        return (double) count / CONTEXTS.size();
    }

    private static Object[] command(Object... more) {
        return Cli.words(new Object[] {"evaluate", "--model", base, "--data", questions}, more);
    }

    @Test
    void theAdapterIsComparedWithTheModelAlone() throws IOException {
        assertThat(share(0)).isEqualTo(0.7, within(1e-9));
        assertThat(share(1)).isLessThan(share(0));
        JsonNode found = Cli.good(command("--adapter", adapter, "--json")).json();
        assertThat(found.path("questions").asInt()).isEqualTo(10);
        for (int i = 0; i < 2; i++) {
            JsonNode one = found.path(i == 0 ? "accuracy" : "accuracyByLength");
            assertThat(one.at("/alone/share").asDouble()).isCloseTo(share(2 * i), within(1e-9));
            assertThat(one.at("/share/share").asDouble()).isCloseTo(share(2 * i + 1), within(1e-9));
            double difference = one.at("/difference/difference").asDouble();
            assertThat(difference).isCloseTo(share(2 * i + 1) - share(2 * i), within(1e-9));
            assertThat(one.at("/difference/low").asDouble()).isLessThan(difference);
            assertThat(one.at("/difference/high").asDouble()).isGreaterThan(difference);
            assertThat(one.at("/share/low").asDouble())
                    .isLessThanOrEqualTo(one.at("/share/share").asDouble());
        }
        String text = Cli.good(command("--adapter", adapter)).out();
        assertThat(text)
                .contains("10 questions with choices")
                .contains("the model alone: 70.0 % (95 %: 39.7 % to 89.2 %)")
                .contains("adapter against the model alone: ")
                .contains(found.at("/accuracy/verdict").asText());
    }

    @Test
    void theModelAloneHasNoComparison() throws IOException {
        JsonNode found = Cli.good(command("--json")).json();
        assertThat(found.at("/accuracy/share/share").asDouble()).isCloseTo(share(0), within(1e-9));
        assertThat(found.at("/accuracy/alone").isNull()).isTrue();
        assertThat(found.at("/accuracy/verdict").isNull()).isTrue();
        assertThat(Cli.good(command()).out()).contains("accuracy 70.0 %").doesNotContain("the model alone");
    }

    @Test
    void wrongRowsAreNamedAndCanBeLeftOut() throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(questions));
        lines.add(2, line("the cat", "a dog"));
        lines.add(line("the cat".repeat(40), 0));
        Path file = Files.write(temp.resolve("wrong.jsonl"), lines);
        Object[] words = {"evaluate", "--model", base, "--data", file, "--adapter", adapter, "--json"};
        assertThat(Cli.run(words).err())
                .contains(
                        "wrong.jsonl:3: answer must be one of the choices as a text, or its number from 0 to 4, found")
                .contains("--skip-bad-lines");
        JsonNode found = Cli.good(Cli.words(words, "--skip-bad-lines")).json();
        assertThat(found.path("questions").asInt()).isEqualTo(10);
        assertThat(found.path("skipped")).hasSize(2);
        assertThat(found.at("/skipped/1").asText()).contains("wrong.jsonl:12: the model must take the context");
        assertThat(found.at("/accuracy/share/share").asDouble()).isCloseTo(share(1), within(1e-9));
    }

    @Test
    void nothingIsCut() throws IOException {
        assertThat(Cli.run(command("--max-tokens", 20)).err())
                .contains("--max-tokens must be used with conversations or plain text, found questions with choices");
    }
}
