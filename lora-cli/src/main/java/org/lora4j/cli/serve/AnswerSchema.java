package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.TokenConstraint;

/** Reads which JSON an answer must be. */
final class AnswerSchema {
    static final String FIELD = "response_format";

    private static final String RULE = "an object with the type text, json_object or json_schema";
    private static final String ANY_OBJECT = "{\"type\": \"object\"}";

    private AnswerSchema() {}

    /**
     * Returns which tokens an answer may have.
     *
     * @return null for any text
     * @throws ApiException if the field is not what it must be, or the schema has what is not supported
     */
    static @Nullable TokenConstraint of(JsonBody body, ServedDecoder decoder) {
        JsonNode format = body.get(FIELD);
        if (format == null) {
            return null;
        }
        return switch (format.path("type").asText()) {
            case "text" -> null;
            case "json_object" -> decoder.constraint(FIELD, ANY_OBJECT);
            case "json_schema" -> {
                JsonNode schema = format.at("/json_schema/schema");
                if (!schema.isObject()) {
                    throw JsonBody.wrong(FIELD + ".json_schema.schema", "a JSON Schema", schema);
                }
                yield decoder.constraint(FIELD + ".json_schema.schema", schema.toString());
            }
            default -> throw JsonBody.wrong(FIELD, RULE, format);
        };
    }
}
