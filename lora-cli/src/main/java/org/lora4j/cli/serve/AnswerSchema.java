package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.grammar.SchemaOptions;

/**
 * Which JSON an answer must be.
 *
 * @param field the name of the field, for messages
 * @param inside the field of the value that has the schema; empty if the value has it itself
 * @param format the value; null for any text
 */
record AnswerSchema(String field, String inside, @Nullable JsonNode format) {
    static final String FIELD = "response_format";

    private static final String RULE = "an object with the type text, json_object or json_schema";
    private static final String ANY_OBJECT = "{\"type\": \"object\"}";

    /**
     * Returns the grammar of an answer.
     *
     * @return null for any text
     * @throws ApiException if the field is not what it must be
     */
    @Nullable
    AskedGrammar grammar() {
        String schema = schema();
        return schema == null
                ? null
                : new AskedGrammar(place(), schema, () -> Grammar.jsonSchema(schema, SchemaOptions.WRITING), null);
    }

    private String place() {
        return field + (inside.isEmpty() ? "" : "." + inside) + ".schema";
    }

    /**
     * Returns the text of the schema that an answer must fit.
     *
     * @return null for any text
     * @throws ApiException if the field is not what it must be
     */
    @Nullable
    String schema() {
        if (format == null) {
            return null;
        }
        return switch (format.path("type").asText()) {
            case "text" -> null;
            case "json_object" -> ANY_OBJECT;
            case "json_schema" -> {
                JsonNode schema = (inside.isEmpty() ? format : format.path(inside)).path("schema");
                if (!schema.isObject()) {
                    throw JsonBody.wrong(place(), "a JSON Schema", schema);
                }
                yield schema.toString();
            }
            default -> throw JsonBody.wrong(field, RULE, format);
        };
    }
}
