package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of other types and ranges: an error that names the field, or what the file says. */
class ModelConfigTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CONFIG = """
            {"model_type": "roberta", "vocab_size": 60, "hidden_size": 24, "num_hidden_layers": 2,
             "num_attention_heads": 3, "intermediate_size": 48, "hidden_act": "gelu", "max_position_embeddings": 18,
             "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, "hidden_dropout_prob": 0.2,
             "attention_probs_dropout_prob": 0.3, "classifier_dropout": 0.4, "position_embedding_type": "absolute",
             "is_decoder": false, "add_cross_attention": false, "pruned_heads": {}, "quantization_config": null}
            """;
    private static final List<String> VALUES = List.of(
            "null",
            "\"\"",
            "\"0.5\"",
            "\"gelu\"",
            "\"relu\"",
            "\"bert\"",
            "\"xlm-roberta\"",
            "\"relative_key\"",
            "\"true\"",
            "true",
            "false",
            "0",
            "1",
            "2",
            "6",
            "24",
            "0.5",
            "1.0",
            "1e-12",
            "-1",
            "-0.5",
            "1e999",
            "99999999",
            "9999999",
            "2147483646",
            "2147483647",
            "2147483648",
            "1e40",
            "123456789012345678901234567890",
            "[]",
            "[1]",
            "{}",
            "{\"0\": [1]}");

    /** What each field becomes, and its default. */
    private static final Map<String, Function<Bert, Object>> FIELDS = new LinkedHashMap<>();

    private static final Map<String, Object> DEFAULTS = Map.of(
            "model_type",
            "bert",
            "hidden_act",
            "gelu",
            "max_position_embeddings",
            512,
            "type_vocab_size",
            2,
            "layer_norm_eps",
            1e-12,
            "pad_token_id",
            1,
            "hidden_dropout_prob",
            0.1,
            "attention_probs_dropout_prob",
            0.1,
            "classifier_dropout",
            0.2);

    static {
        FIELDS.put("model_type", config -> config.modelType);
        FIELDS.put("vocab_size", config -> config.vocabularySize);
        FIELDS.put("hidden_size", config -> config.hiddenSize);
        FIELDS.put("num_hidden_layers", config -> config.layers);
        FIELDS.put("num_attention_heads", config -> config.heads);
        FIELDS.put("intermediate_size", config -> config.intermediateSize);
        FIELDS.put("hidden_act", config -> config.activation);
        FIELDS.put("max_position_embeddings", config -> config.positions);
        FIELDS.put("type_vocab_size", config -> config.types);
        FIELDS.put("layer_norm_eps", config -> config.epsilon);
        FIELDS.put("pad_token_id", config -> config.padding);
        FIELDS.put("hidden_dropout_prob", config -> config.hiddenDropout);
        FIELDS.put("attention_probs_dropout_prob", config -> config.attentionDropout);
        FIELDS.put("classifier_dropout", config -> config.classifierDropout);
    }

    private static Bert bert(String json) {
        return (Bert) ModelConfig.parse(json).family();
    }

    private static ObjectNode config() throws Exception {
        return (ObjectNode) JSON.readTree(CONFIG);
    }

    private static Object value(String field, Bert config) {
        return Objects.requireNonNull(FIELDS.get(field), field).apply(config);
    }

    private static Object expected(String field, JsonNode value) {
        if (value.isNull()) {
            return Objects.requireNonNull(DEFAULTS.get(field), field);
        }
        Object found = value(field, bert(CONFIG));
        return found instanceof String
                ? value.textValue()
                : found instanceof Integer ? (Object) value.intValue() : (Object) value.doubleValue();
    }

    /** The configuration, or null if it is refused with a message that has one of the fields. */
    private static @Nullable Bert parse(ObjectNode json, List<String> changed) {
        try {
            return bert(json.toString().replace("\"1e999\"", "1e999"));
        } catch (IllegalArgumentException e) {
            assertThat(changed)
                    .as(e.getMessage())
                    .anySatisfy(field -> assertThat(e).hasMessageContaining(field + " must "));
            return null;
        }
    }

    @Test
    void eachFieldOfAnotherTypeOrRangeIsRefusedOrCounts() throws Exception {
        List<String> names = new ArrayList<>();
        config().fieldNames().forEachRemaining(names::add);
        int refused = 0;
        for (String field : names) {
            for (String text : VALUES) {
                JsonNode value = JSON.readTree(text);
                ObjectNode json = config();
                json.set(field, text.equals("1e999") ? JSON.readTree("\"1e999\"") : value);
                // Another size can be refused by what depends on it.
                List<String> named = new ArrayList<>(List.of(field));
                if (List.of("hidden_size", "vocab_size", "pad_token_id").contains(field)) {
                    named.addAll(List.of("num_attention_heads", "pad_token_id", "max_position_embeddings"));
                }
                Bert parsed = parse(json, named);
                if (parsed == null) {
                    refused++;
                } else if (FIELDS.containsKey(field)) {
                    assertThat(value(field, parsed)).as(field + " " + text).isEqualTo(expected(field, value));
                } else {
                    assertThat(text).as(field).isIn("null", "false", "{}", "\"absolute\"");
                }
            }
        }
        assertThat(refused).isGreaterThan(400);
    }

    @Test
    void randomFieldsTogetherAreRefusedOrCount() throws Exception {
        SplittableRandom random = new SplittableRandom(5);
        List<String> names = new ArrayList<>(FIELDS.keySet());
        for (int round = 0; round < 2_000; round++) {
            ObjectNode json = config();
            Map<String, JsonNode> changed = new LinkedHashMap<>();
            for (int i = 0; i < 3; i++) {
                String field = names.get(random.nextInt(names.size()));
                String text = VALUES.get(random.nextInt(VALUES.size()));
                if (!text.equals("1e999")) {
                    changed.put(field, JSON.readTree(text));
                    json.set(field, JSON.readTree(text));
                }
            }
            List<String> named = new ArrayList<>(changed.keySet());
            named.addAll(List.of("num_attention_heads", "pad_token_id", "max_position_embeddings"));
            Bert parsed = parse(json, named);
            if (parsed != null) {
                changed.forEach((field, value) -> {
                    Object expected = expected(field, value);
                    if (field.equals("classifier_dropout") && value.isNull()) {
                        expected = parsed.hiddenDropout;
                    }
                    if (field.equals("pad_token_id") && value.isNull()) {
                        expected = parsed.modelType.equals("bert") ? 0 : 1;
                    }
                    assertThat(value(field, parsed)).as(json.toString()).isEqualTo(expected);
                });
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"classifier_dropout\": 0.4 | \"classifier_dropout\": \"0.4\" | classifier_dropout must be a number, found '\"0.4\"'",
                "\"is_decoder\": false | \"is_decoder\": \"yes\" | is_decoder must be false, found '\"yes\"'",
                "\"pruned_heads\": {} | \"pruned_heads\": {\"0\": [2]} | pruned_heads must be empty, found '{\"0\":[2]}'",
                "\"quantization_config\": null | \"quantization_config\": {\"load_in_8bit\": true} | quantization_config must be empty",
                "\"vocab_size\": 60 | \"vocab_size\": 60, \"vocab_size\": 61 | must be valid JSON, found",
                "\"max_position_embeddings\": 18 | \"max_position_embeddings\": 2 | max_position_embeddings must be more than pad_token_id + 1"
            })
    void namesWhatIsWrong(String from, String to, String message) {
        assertThat(CONFIG).contains(from);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelConfig.parse(CONFIG.replace(from, to)))
                .withMessageContaining(message);
    }

    @TestFactory
    List<DynamicTest> nothingFollowsTheObject() {
        return table(
                argument(() -> ModelConfig.parse(CONFIG + "{}")),
                argument(() -> ModelConfig.parse("[".repeat(100_000))).starts("config.json: must be valid JSON, found"),
                argument(() -> ModelConfig.parse("[]"))
                        .says("config.json: must be a JSON object, found something else"));
    }
}
