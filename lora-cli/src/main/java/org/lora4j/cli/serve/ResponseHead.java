package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.POJONode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a response that are known before it is generated, most of which say what was asked. What the client has sent is kept as
 * text, because a tree of it would take far more memory.
 */
final class ResponseHead {
    static final String FORMAT = "text.format";

    private static final String TEXT = "text";

    private static final FieldRules RULES_OF_TEXT = new FieldRules(
            Set.of(FORMAT),
            Map.of(
                    TEXT + ".verbosity",
                    new FieldRules.Neutral("medium", node -> node.asText().equals("medium"))));

    private ResponseHead() {}

    /**
     * Returns the form that a request demands.
     *
     * @return null for any text
     * @throws ApiException if the field {@code text} has something else than a form
     */
    static @Nullable JsonNode format(JsonBody json) {
        JsonNode text = json.get(TEXT);
        if (text == null) {
            return null;
        }
        if (!text.isObject()) {
            throw JsonBody.wrong(TEXT, "an object", text);
        }
        text.properties().forEach(field -> RULES_OF_TEXT.check(TEXT + "." + field.getKey(), field.getValue()));
        JsonNode format = text.get("format");
        return format == null || format.isNull() ? null : format;
    }

    /**
     * Returns the fields.
     *
     * @throws ApiException if one of those that are only said again is not what it must be
     */
    static ObjectNode of(JsonBody json) {
        ObjectNode response = JsonBody.MAPPER
                .createObjectNode()
                .put("id", "resp_" + UUID.randomUUID().toString().replace("-", ""))
                .put("object", "response")
                .put("created_at", Instant.now().getEpochSecond())
                .put("status", "in_progress")
                .put("background", false)
                .putNull("error")
                .putNull("incomplete_details")
                .put("instructions", json.textOrNull("instructions"));
        response.set("max_output_tokens", sent(json, "max_output_tokens", NullNode.instance));
        response.put("model", json.text("model"));
        response.putArray("output");
        response.put(
                "parallel_tool_calls", json.get("parallel_tool_calls") == null || json.flag("parallel_tool_calls"));
        response.putNull("previous_response_id");
        response.putObject("reasoning").putNull("effort").putNull("summary");
        response.put("store", false);
        response.set("temperature", sent(json, "temperature", IntNode.valueOf(1)));
        ObjectNode text = response.putObject(TEXT);
        JsonNode format = format(json);
        if (format == null) {
            text.putObject("format").put("type", TEXT);
        } else {
            text.set("format", kept(format));
        }
        response.set("tool_choice", sent(json, "tool_choice", TextNode.valueOf("auto")));
        response.set("tools", tools(json));
        response.set("top_p", sent(json, "top_p", IntNode.valueOf(1)));
        response.set("top_logprobs", sent(json, "top_logprobs", IntNode.valueOf(0)));
        response.put("truncation", "disabled").putNull("usage");
        response.put("user", json.textOrNull("user"));
        JsonNode metadata = json.get("metadata");
        if (metadata != null && !metadata.isObject()) {
            throw JsonBody.wrong("metadata", "an object", metadata);
        }
        response.set("metadata", sent(json, "metadata", JsonBody.MAPPER.createObjectNode()));
        return response;
    }

    private static JsonNode sent(JsonBody json, String name, JsonNode otherwise) {
        JsonNode given = json.get(name);
        return given == null ? otherwise : kept(given);
    }

    private static JsonNode kept(JsonNode given) {
        return new POJONode(new RawValue(escaped(given.toString())));
    }

    /** Returns the same JSON, with escapes for halves of characters that stand alone, because UTF-8 has no bytes for them. */
    private static String escaped(String json) {
        StringBuilder escaped = new StringBuilder(json.length());
        json.codePoints().forEach(c -> {
            if (c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE) {
                escaped.append("\\u").append(Integer.toHexString(c));
            } else {
                escaped.appendCodePoint(c);
            }
        });
        return escaped.toString();
    }

    private static JsonNode tools(JsonBody json) {
        ArrayNode tools = JsonBody.MAPPER.createArrayNode();
        JsonNode given = json.get("tools");
        if (given != null) {
            given.forEach(tool -> tools.add(withAllFields(tool)));
        }
        return kept(tools);
    }

    /** Clients require these fields. */
    private static ObjectNode withAllFields(JsonNode tool) {
        ObjectNode whole = tool.deepCopy();
        if (!whole.hasNonNull("strict")) {
            whole.put("strict", false);
        }
        if (!whole.has("parameters")) {
            whole.putNull("parameters");
        }
        return whole;
    }
}
