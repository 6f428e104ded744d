package org.lora4j.example.mnist;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.example.mnist.data.TestData;
import org.lora4j.io.peft.PeftAdapters;

/** {@code run --digits --together} gives what the same run without it gives, except for rounding and times. */
@Tag("slow")
class TogetherTest {
    @TempDir
    private static Path temp;

    private static String out = "";
    private static JsonNode inTurn;
    private static JsonNode together;

    @BeforeAll
    static void runBoth() throws IOException {
        Path data = TestData.write(temp.resolve("data"), 400, 150);
        inTurn = run(data, "in-turn", "--digits", "4,9,1");
        together = run(data, "together", "--digits", "4,9,1", "--together");
    }

    private static JsonNode run(Path data, String folder, Object... options) throws IOException {
        List<Object> all = new ArrayList<>(List.of("--seed", 5, "--fine-tune-lr", 0.005));
        all.addAll(List.of(options));
        Cli cli = Cli.shortRun(data, temp.resolve(folder), all.toArray());
        assertThat(cli.err()).isEmpty();
        assertThat(cli.code()).isZero();
        out = cli.out();
        return Reference.json(temp.resolve(folder).resolve("report.json"));
    }

    @Test
    void givesTheSameAdapters() throws IOException {
        Map<String, LoRAAdapter> expected = PeftAdapters.loadAll(temp.resolve("in-turn/adapters"));
        Map<String, LoRAAdapter> actual = PeftAdapters.loadAll(temp.resolve("together/adapters"));
        assertThat(actual).containsOnlyKeys("digit-1", "digit-4", "digit-9");
        actual.forEach((name, adapter) -> adapter.weights().forEach((path, weights) -> {
            LoRAWeights other =
                    requireNonNull(requireNonNull(expected.get(name)).weights().get(path));
            assertThat(weights.loraB().sub(other.loraB()).norm2Number().doubleValue())
                    .isLessThan(1e-4 * other.loraB().norm2Number().doubleValue());
        }));
    }

    @Test
    void showsTheTimesSideBySide() {
        assertThat(out).contains("3 adapters at once:", "one after the other:", "greatest difference");
    }

    @Test
    void writesAReportOfTheSameForm() {
        assertThat(together.fieldNames()).toIterable().containsExactlyElementsOf(() -> inTurn.fieldNames());
        assertThat(together.get("files")).isEqualTo(inTurn.get("files"));
        assertThat(together.get("training").get("fineTune").get("iterations"))
                .isEqualTo(inTurn.get("training").get("fineTune").get("iterations"));
        ObjectNode settings = (ObjectNode) together.get("settings");
        assertThat(inTurn.get("settings").has("together")).isFalse();
        assertThat(settings.get("together").asBoolean()).isTrue();
    }
}
