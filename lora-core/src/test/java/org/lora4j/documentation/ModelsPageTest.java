package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.fixtures.Page;
import org.lora4j.nn.transformer.ModelConfig;

/** The page on models has the families that there are, with their targets. */
class ModelsPageTest {
    private static final Pattern CODE = Pattern.compile("`([\\w-]+)`");

    /** A family on the page. */
    record Row(String modelType, boolean isDecoder, List<String> targets) {}

    static Stream<Row> rows() {
        Page page = Page.of("models.md");
        return Stream.of("Encoders", "Decoders")
                .flatMap(section -> page.section(section).rows().stream()
                        .filter(cells -> cells.size() == 4 && cells.get(1).startsWith("`"))
                        .flatMap(cells -> codes(cells.get(1)).stream()
                                .filter(code -> !code.startsWith("use_") && !code.equals("model_type"))
                                .map(type -> new Row(type, section.equals("Decoders"), codes(cells.get(3))))));
    }

    private static List<String> codes(String cell) {
        List<String> codes = new ArrayList<>();
        Matcher matcher = CODE.matcher(cell);
        while (matcher.find()) {
            codes.add(matcher.group(1));
        }
        return codes;
    }

    private static ModelConfig config(Row row) {
        boolean seesAll = row.modelType().equals("gemma3_text") && !row.isDecoder();
        String text = """
                {"model_type": "%s", "vocab_size": 50, "hidden_size": 16, "num_hidden_layers": 2, "intermediate_size": 20,
                 "num_attention_heads": 4, "num_key_value_heads": 4, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 20, "n_embd": 16,
                 "n_layer": 2, "n_head": 2, "n_inner": 20, "n_positions": 16, "rotary_emb_fraction": 1.0%s}
                """.formatted(row.modelType(), seesAll ? ", \"use_bidirectional_attention\": true" : "");
        return ModelConfig.parse(
                row.modelType().equals("gemma3")
                        ? "{\"model_type\": \"gemma3\", \"text_config\": " + text.replace("gemma3", "gemma3_text") + "}"
                        : text);
    }

    @ParameterizedTest
    @MethodSource("rows")
    void aFamilyIsReadAndHasTheTargetsOfThePage(Row row) {
        ModelConfig config = config(row);
        assertThat(config.isDecoder()).isEqualTo(row.isDecoder());
        assertThat(config.defaultTargets()).containsExactlyElementsOf(row.targets());
        if (row.isDecoder()) {
            assertThat(config.ggufModel().architecture()).isNotEmpty();
        }
    }

    @Test
    void thePageHasAllFamilies() {
        Throwable refused = catchThrowable(() -> ModelConfig.parse("{\"model_type\": \"other\"}"));
        Matcher types = Pattern.compile("one of \\[([^]]+)]").matcher(refused.getMessage());
        assertThat(types.find()).isTrue();
        Map<String, Row> byType = new LinkedHashMap<>();
        rows().forEach(row -> byType.put(row.modelType(), row));
        byType.remove("gemma3");
        assertThat(byType.keySet()).containsExactlyInAnyOrder(types.group(1).split(", "));
    }
}
