package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the public methods of {@link SameDiffLoRA} refuse. */
class SameDiffArgumentsTest {
    private static final LoRAConfig CONFIG = LoRAConfig.of(2, 3);

    private final Mlp mlp = new Mlp(DataType.FLOAT);
    private final SameDiffLoRA lora = SameDiffLoRA.of(mlp.graph);

    @BeforeEach
    void addAnAdapter() {
        lora.add("a", CONFIG);
    }

    /** A call that may throw checked exceptions. */
    @FunctionalInterface
    private interface Call {
        void on(SameDiffLoRA lora) throws Exception;
    }

    private static Arguments of(String parameter, Call call) {
        return Arguments.of(parameter, call);
    }

    @SuppressWarnings({"NullAway", "DataFlowIssue"}) // what is tested
    static Stream<Arguments> nulls() {
        Path folder = Path.of("folder");
        return Stream.of(
                of("graph", lora -> SameDiffLoRA.of(null)),
                of("graph", lora -> SameDiffLoRA.of(null, name -> name)),
                of("paths", lora -> SameDiffLoRA.of(SameDiff.create(), null)),
                of("name", lora -> lora.add(null, CONFIG)),
                of("config", lora -> lora.add("b", (LoRAConfig) null)),
                of("name", lora -> lora.add(null, lora.adapter("a"))),
                of("adapter", lora -> lora.add("b", (LoRAAdapter) null)),
                of("name", lora -> lora.load(null, folder)),
                of("folder", lora -> lora.load("b", null)),
                of("options", lora -> lora.load("b", folder, null)),
                of("name", lora -> lora.save(null, folder)),
                of("folder", lora -> lora.save("a", null)),
                of("name", lora -> lora.train(null)),
                of("names", lora -> lora.activate((String[]) null)),
                of("name", lora -> lora.activate("a", null)),
                of("placeholders", lora -> lora.using("a").output(null, "logits")),
                of("name", lora -> lora.using((String) null)),
                of("names", lora -> lora.using((String[]) null)),
                of("name", lora -> lora.using("a", null)),
                of("outputs", lora -> lora.using("a").output(Map.of(), (String[]) null)),
                of("name", lora -> lora.adapter(null)),
                of("name", lora -> lora.parameterReport(null)),
                of("names", lora -> lora.merge((String[]) null)),
                of("name", lora -> lora.merge("a", null)),
                of("name", lora -> lora.delete(null)));
    }

    @ParameterizedTest
    @MethodSource("nulls")
    void refuseNull(String parameter, Call call) {
        assertThatThrownBy(() -> call.on(lora))
                .isInstanceOf(NullPointerException.class)
                .hasMessage(parameter + " must not be null");
        assertThat(lora.names()).containsExactly("a");
        assertThat(lora.active()).isEmpty();
    }

    @Test
    @SuppressWarnings("NullAway") // what is tested
    void refuseNullAmongPlaceholdersAndOutputs() {
        assertThatThrownBy(() -> lora.using("a").output(mlp.feed(), "logits", null))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("outputs: no name must be null, found null at index 1");
        Map<String, INDArray> feed = new HashMap<>();
        feed.put("x", null);
        assertThatThrownBy(() -> lora.using("a").output(feed, "logits"))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("placeholders: no name and no value must be null, found the value null of 'x'");
        feed.clear();
        feed.put(null, mlp.x);
        assertThatThrownBy(() -> lora.using("a").output(feed, "logits"))
                .isInstanceOf(NullPointerException.class)
                .hasMessage("placeholders: no name and no value must be null, found the value [7, 6] FLOAT of 'null'");
    }

    @Test
    void refuseTheLargestRank() {
        assertThatThrownBy(() -> lora.add("b", LoRAConfig.of(Integer.MAX_VALUE, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rank must be at most 1048576, found 2147483647");
        assertThat(lora.names()).containsExactly("a");
    }

    @Test
    void refuseAnUnknownAdapter(@TempDir Path folder) {
        List<ThrowingCallable> calls = List.of(
                () -> lora.save("b", folder),
                () -> lora.train("b"),
                () -> lora.activate("b"),
                () -> lora.activate("a", "b"),
                () -> lora.using("b").output(mlp.feed(), "logits"),
                () -> lora.using("a", "b").output(mlp.feed(), "logits"),
                () -> lora.adapter("b"),
                () -> lora.parameterReport("b"),
                () -> lora.merge("b"),
                () -> lora.delete("b"));
        for (ThrowingCallable call : calls) {
            assertThatThrownBy(call)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("no adapter 'b'; there are [a]");
        }
        assertThat(lora.active()).isEmpty();
    }

    @Test
    void refuseANameThatIsTaken(@TempDir Path folder) throws Exception {
        lora.save("a", folder);
        List<ThrowingCallable> calls = List.of(
                () -> lora.add("a", CONFIG), () -> lora.add("a", lora.adapter("a")), () -> lora.load("a", folder));
        for (ThrowingCallable call : calls) {
            assertThatThrownBy(call)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("an adapter 'a' exists already; there are [a]");
        }
    }

    @Test
    void refuseTwoWeightsOfOnePath() {
        SameDiff other = new Mlp(DataType.FLOAT).graph;
        assertThatThrownBy(() -> SameDiffLoRA.of(other, name -> "same"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must have different module paths, found 'same' for both");
    }

    @Test
    void refuseDataOfAnotherGraph() {
        LoRAAdapter other = lora.adapter("a");
        SameDiffLoRA renamed =
                SameDiffLoRA.of(new Mlp(DataType.FLOAT).graph, name -> "model." + name.replace(".weight", ""));
        assertThatThrownBy(() -> renamed.add("b", other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("adapter 'b'")
                .hasMessageContaining("fc1");
        assertThat(renamed.names()).isEmpty();
    }
}
