package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.ProcessorTime;

/** Expressions select the same paths as a backtracking engine does, and cost little whatever they are. */
class PathPatternTest {
    private static final List<String> PATHS = List.of(
            "",
            "fc",
            "linear1",
            "model.layers.0.self_attn.q_proj",
            "model.layers.0.self_attn.k_proj",
            "model.layers.11.mlp.gate_proj",
            "model.layers.1.mlp.experts.10.up_proj",
            "model.visual.blocks.0.attn.q_proj",
            "model.language_model.layers.3.self_attn.q_proj",
            "encoder.layer.2.attention.self.query",
            "a+b",
            "a.b",
            "axb");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "linear1",
                "linear1|fc",
                "a\\.b",
                "a\\+b|a.b",
                ".*\\.(q_proj|v_proj)",
                ".*\\.self_attn\\.[qk]_proj$",
                "^(?!.*visual).*q_proj",
                "(?!.*visual).*(?:q|k)_proj",
                "^(?=.*language_model).*q_proj$",
                "^(?!.*(?:visual|layers\\.11)).*_proj",
                "(?:model\\.)?layers\\.\\d+\\.mlp\\.gate_proj",
                "model\\.layers\\.\\d{1,2}\\..*",
                "model\\.layers\\.(?:[0-9]|1[01])\\.mlp\\..*_proj",
                ".*[^.]+\\.query",
                "(?i)MODEL\\..*Q_PROJ",
                "\\w+",
                "model(?:\\.\\w+)+?",
                "\\S*\\bq_proj\\b",
            })
    void selectsWhatABacktrackingEngineSelects(String expression) {
        PathPattern pattern = PathPattern.of(expression);

        assertThat(PATHS.stream().filter(pattern::matches))
                .isEqualTo(PATHS.stream()
                        .filter(path -> Pattern.matches(expression, path))
                        .toList());
    }

    @Test
    void readsWhatPythonSpellsDifferently() {
        assertThat(PathPattern.of("a{,2}").matches("aa")).isTrue();
        assertThat(PathPattern.of("a{,2}").matches("aaa")).isFalse();
        assertThat(PathPattern.of("(?P<layer>fc|out)\\Z").matches("out")).isTrue();
        assertThat(PathPattern.of("a{b}").matches("a{b}")).isTrue();
    }

    @Test
    void matchesAKeyAtTheEndOfAPath() {
        PathPattern key = PathPattern.ofKey("layers\\.[01]\\.fc");

        assertThat(List.of("layers.1.fc", "model.layers.0.fc", "model.xlayers.0.fc", "layers.2.fc", "layers.1.fc.x"))
                .filteredOn(key::matches)
                .containsExactly("layers.1.fc", "model.layers.0.fc");
    }

    @Test
    void matchesInLinearTime() {
        String path = "a".repeat(4000);
        List<String> slow =
                List.of("(.?){0,40}".repeat(12), "(a+)+b", "(a|a)*b", "(a|b)*", "(.*a){12}b", "(?!(a+)+b)(a*)*c");

        ProcessorTime.limit(Duration.ofSeconds(20), () -> {
            for (String expression : slow) {
                assertThat(PathPattern.of(expression).matches(path + "c"))
                        .as(expression)
                        .isEqualTo(expression.endsWith("(a*)*c"));
            }
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(",
                ")",
                "[a",
                "a\\",
                "*a",
                "a**b(",
                "\\Qlinear1",
                "(a)\\1",
                "a(?=b)c",
                "(?<=a)b",
                "(?!a)b|c",
                "(?!a",
                "((((a{30}){30}){30}){30})"
            })
    void refusesWhatItCannotMatch(String expression) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> PathPattern.of(expression))
                .withMessageStartingWith("target modules must be a regular expression, found '");
    }

    @Test
    void refusesWhatIsTooLarge() {
        List<String> large = List.of(
                "(".repeat(101) + "a" + ")".repeat(101),
                "a*".repeat(2100),
                "[ab]{2001}",
                "(a{100}){100}",
                "a".repeat((1 << 20) + 1));

        for (String expression : large) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> PathPattern.of(expression))
                    .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(400));
        }
    }

    @Test
    void takesALongChoiceOfPlainPaths() {
        String choice = IntStream.range(0, 20_000)
                .mapToObj(i -> "model\\.layers\\." + i + "\\.fc")
                .collect(Collectors.joining("|"));

        assertThat(PathPattern.of(choice).matches("model.layers.19999.fc")).isTrue();
        assertThat(PathPattern.of(choice).matches("model.layers.20000.fc")).isFalse();
    }

    @Test
    void boundsTheKeysOfAPattern() {
        Map<String, Integer> plain = IntStream.range(0, 10_001)
                .boxed()
                .collect(Collectors.toMap(i -> "layers." + i, i -> i, (a, b) -> a, LinkedHashMap::new));
        Map<String, Integer> expressions = IntStream.range(0, 100)
                .boxed()
                .collect(Collectors.toMap(i -> "[ab]{99}" + i, i -> i, (a, b) -> a, LinkedHashMap::new));

        assertThat(new PatternMap<>("rankPattern", Collections.singletonMap("fc", 3)).valueOf("net.fc", 1))
                .isEqualTo(3);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PatternMap<>("rankPattern", plain))
                .withMessage("rankPattern must have at most 10000 keys, found 10001");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new PatternMap<>("rankPattern", expressions))
                .withMessageStartingWith("rankPattern: all expressions together must have at most 4000 parts, found");
    }
}
