package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.Names;

/** Reads {@code config.json}. A field that is absent or null has the default of {@code transformers}. */
final class BertConfigReader {
    private static final String FILE = "config.json";

    private final ObjectNode json;
    private final List<String> problems = new ArrayList<>();

    private BertConfigReader(ObjectNode json) {
        this.json = json;
    }

    static ObjectNode object(String text) {
        if (ModelJson.parse(FILE, text) instanceof ObjectNode object) {
            return object;
        }
        throw new IllegalArgumentException(FILE + ": must be a JSON object, found something else");
    }

    /**
     * Reads a configuration.
     *
     * @throws IllegalArgumentException if a field is missing or wrong, or the model is one that this library does not compute;
     *     the message lists all that is wrong
     */
    static BertConfig read(ObjectNode json) {
        BertConfigReader reader = new BertConfigReader(json);
        reader.requireComputable();
        return reader.config();
    }

    private void requireComputable() {
        String positions = text("position_embedding_type", "absolute");
        if (!positions.equals("absolute")) {
            problems.add("position_embedding_type must be absolute, found " + Names.quote(positions));
        }
        for (String field : List.of("is_decoder", "add_cross_attention")) {
            JsonNode value = json.path(field);
            if (isThere(value) && !(value.isBoolean() && !value.booleanValue())) {
                refuse(field, "false", value);
            }
        }
        for (String field : List.of("pruned_heads", "quantization_config")) {
            JsonNode value = json.path(field);
            if (isThere(value) && !(value.isObject() && value.isEmpty())) {
                refuse(field, "empty", value);
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(FILE + ": this library computes encoders of the BERT family, found "
                    + Names.line(String.join("; ", problems)));
        }
    }

    private BertConfig config() {
        String type = text("model_type", "bert");
        int vocabulary = integer("vocab_size", null);
        int hidden = integer("hidden_size", null);
        int layers = integer("num_hidden_layers", null);
        int heads = integer("num_attention_heads", null);
        int intermediate = integer("intermediate_size", null);
        String activation = text("hidden_act", "gelu");
        int positions = integer("max_position_embeddings", 512);
        int types = integer("type_vocab_size", 2);
        double epsilon = number("layer_norm_eps", 1e-12);
        int padding = integer("pad_token_id", type.equals("bert") ? 0 : 1);
        double hiddenDropout = number("hidden_dropout_prob", 0.1);
        double attentionDropout = number("attention_probs_dropout_prob", 0.1);
        Double classifierDropout = isThere(json.path("classifier_dropout")) ? number("classifier_dropout", 0) : null;
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    FILE + ": each field must have its type, found " + Names.line(String.join("; ", problems)));
        }
        return new BertConfig(
                type,
                vocabulary,
                hidden,
                layers,
                heads,
                intermediate,
                activation,
                positions,
                types,
                epsilon,
                padding,
                hiddenDropout,
                attentionDropout,
                classifierDropout);
    }

    private static boolean isThere(JsonNode value) {
        return !value.isMissingNode() && !value.isNull();
    }

    private void refuse(String field, String expected, JsonNode found) {
        String value = found.isBoolean() ? found.toString() : Names.quote(found.toString());
        problems.add(field + " must be " + expected + ", found " + (found.isMissingNode() ? "none" : value));
    }

    private String text(String field, String otherwise) {
        JsonNode value = json.path(field);
        if (isThere(value) && !value.isTextual()) {
            refuse(field, "a text", value);
        }
        return value.isTextual() ? value.textValue() : otherwise;
    }

    private int integer(String field, @Nullable Integer otherwise) {
        JsonNode value = json.path(field);
        if (!isThere(value) && otherwise != null) {
            return otherwise;
        }
        boolean isInteger = value.isIntegralNumber() && value.canConvertToInt();
        if (!isInteger) {
            refuse(field, "an integer of 32 bits", value);
        }
        return isInteger ? value.intValue() : 0;
    }

    private double number(String field, double otherwise) {
        JsonNode value = json.path(field);
        if (isThere(value) && !value.isNumber()) {
            refuse(field, "a number", value);
        }
        return value.isNumber() ? value.doubleValue() : otherwise;
    }
}
