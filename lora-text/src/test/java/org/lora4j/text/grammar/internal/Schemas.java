package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;

/** Random schemas, and a validator of its own for their values. */
final class Schemas {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final List<String> NAMES = List.of("a", "name", "größe", "x\"y", "id", "tags", "next\n");
    private static final List<String> PATTERNS =
            List.of("^[a-z]{2,5}$", "b+", "^(?:foo|bar)", "[0-9]-[0-9]", "^\\W*$", "^[^\"]*\"$", "^.é.$");

    private final SplittableRandom random;

    Schemas(long seed) {
        random = new SplittableRandom(seed);
    }

    /** A schema with a list of a tree, and random parts. */
    ObjectNode next() {
        ObjectNode schema = any(0);
        ObjectNode tree = NODES.objectNode().put("type", "object");
        tree.putObject("properties")
                .putObject("children")
                .put("type", "array")
                .putObject("items")
                .put("$ref", "#/$defs/tree");
        ((ObjectNode) tree.get("properties")).set("value", any(3));
        tree.putArray("required").add("children");
        schema.putObject("$defs").set("tree", tree);
        return schema;
    }

    private ObjectNode any(int depth) {
        ObjectNode schema = NODES.objectNode();
        switch (random.nextInt(depth >= 3 ? 6 : 12)) {
            case 0 -> string(schema);
            case 1 -> number(schema, "integer");
            case 2 -> number(schema, "number");
            case 3 ->
                schema.putArray("enum")
                        .add("red")
                        .add(7)
                        .add(1.25)
                        .addNull()
                        .addObject()
                        .put("k", true);
            case 4 -> schema.putArray("type").add("boolean").add("null");
            case 5 ->
                schema.put("type", "string")
                        .put(
                                "format",
                                List.of("date", "date-time", "uuid", "ipv6", "email")
                                        .get(random.nextInt(5)));
            case 6, 7, 8 -> object(schema, depth);
            case 9 -> array(schema, depth);
            case 10 -> {
                ArrayNode options = schema.putArray("anyOf");
                options.add(any(depth + 1)).add(any(depth + 1));
            }
            default -> schema.put("$ref", "#/$defs/tree");
        }
        return schema;
    }

    private void string(ObjectNode schema) {
        schema.put("type", "string");
        switch (random.nextInt(4)) {
            case 0 -> schema.put("minLength", random.nextInt(4)).put("maxLength", 4 + random.nextInt(30));
            case 1 -> schema.put("pattern", PATTERNS.get(random.nextInt(PATTERNS.size())));
            case 2 -> schema.put("pattern", "^[a-z é]*$").put("minLength", 3).put("maxLength", 8);
            default -> schema.put("maxLength", 200);
        }
    }

    private void number(ObjectNode schema, String type) {
        schema.put("type", type);
        BigDecimal low = BigDecimal.valueOf(random.nextLong(-5000, 5000), random.nextInt(4));
        if (random.nextBoolean()) {
            schema.put(random.nextBoolean() ? "minimum" : "exclusiveMinimum", low);
        }
        if (random.nextBoolean()) {
            schema.put(
                    random.nextBoolean() ? "maximum" : "exclusiveMaximum",
                    low.add(BigDecimal.valueOf(30 + random.nextInt(900))));
        }
        if (random.nextInt(3) == 0) {
            schema.put("multipleOf", 1 + random.nextInt(12));
        }
    }

    private void object(ObjectNode schema, int depth) {
        schema.put("type", "object");
        ObjectNode properties = schema.putObject("properties");
        ArrayNode required = schema.putArray("required");
        for (String name : NAMES) {
            if (random.nextInt(2) == 0) {
                properties.set(name, any(depth + 1));
                if (random.nextInt(2) == 0) {
                    required.add(name);
                }
            }
        }
        switch (random.nextInt(4)) {
            case 0 -> schema.putObject("additionalProperties").put("type", "integer");
            case 1 -> schema.put("additionalProperties", false);
            case 2 -> schema.put("additionalProperties", true);
            default -> required.add("must");
        }
    }

    private void array(ObjectNode schema, int depth) {
        schema.put("type", "array").set("items", any(depth + 1));
        if (random.nextBoolean()) {
            schema.putArray("prefixItems").add(any(depth + 1));
        }
        schema.put("minItems", random.nextInt(3)).put("maxItems", 2 + random.nextInt(4));
    }

    /** Whether a value fits a schema; formats are taken from the suite. */
    static boolean fits(JsonNode schema, JsonNode value, JsonNode root) {
        if (schema.isBoolean()) {
            return schema.asBoolean();
        }
        if (schema.has("$ref")) {
            return fits(root.at(schema.get("$ref").asText().substring(1)), value, root);
        }
        return ofType(schema.get("type"), value)
                && (!schema.has("enum") || has(schema.get("enum"), value))
                && (!schema.has("anyOf") || anyOf(schema.get("anyOf"), value, root))
                && (!value.isTextual() || string(schema, value.asText()))
                && (!value.isNumber() || number(schema, value.decimalValue()))
                && (!value.isArray() || array(schema, value, root))
                && (!value.isObject() || object(schema, value, root));
    }

    private static boolean ofType(JsonNode type, JsonNode value) {
        if (type == null) {
            return true;
        }
        if (type.isArray()) {
            for (JsonNode one : type) {
                if (ofType(one, value)) {
                    return true;
                }
            }
            return false;
        }
        return switch (type.asText()) {
            case "string" -> value.isTextual();
            case "number" -> value.isNumber();
            case "integer" ->
                value.isNumber()
                        && value.decimalValue().remainder(BigDecimal.ONE).signum() == 0;
            case "boolean" -> value.isBoolean();
            case "null" -> value.isNull();
            case "array" -> value.isArray();
            default -> value.isObject();
        };
    }

    private static boolean has(JsonNode values, JsonNode value) {
        for (JsonNode one : values) {
            if (one.equals(value)
                    || (one.isNumber()
                            && value.isNumber()
                            && one.decimalValue().compareTo(value.decimalValue()) == 0)) {
                return true;
            }
        }
        return false;
    }

    private static boolean anyOf(JsonNode schemas, JsonNode value, JsonNode root) {
        for (JsonNode one : schemas) {
            if (fits(one, value, root)) {
                return true;
            }
        }
        return false;
    }

    private static boolean string(JsonNode schema, String value) {
        int length = value.codePointCount(0, value.length());
        return length >= schema.path("minLength").asInt(0)
                && length <= schema.path("maxLength").asInt(Integer.MAX_VALUE)
                && (!schema.has("pattern")
                        || Pattern.compile(schema.get("pattern").asText())
                                .matcher(value)
                                .find());
    }

    private static boolean number(JsonNode schema, BigDecimal value) {
        return (!schema.has("minimum") || value.compareTo(schema.get("minimum").decimalValue()) >= 0)
                && (!schema.has("exclusiveMinimum")
                        || value.compareTo(schema.get("exclusiveMinimum").decimalValue()) > 0)
                && (!schema.has("maximum")
                        || value.compareTo(schema.get("maximum").decimalValue()) <= 0)
                && (!schema.has("exclusiveMaximum")
                        || value.compareTo(schema.get("exclusiveMaximum").decimalValue()) < 0)
                && (!schema.has("multipleOf")
                        || value.remainder(schema.get("multipleOf").decimalValue())
                                        .signum()
                                == 0);
    }

    private static boolean array(JsonNode schema, JsonNode value, JsonNode root) {
        if (value.size() < schema.path("minItems").asInt(0)
                || value.size() > schema.path("maxItems").asInt(Integer.MAX_VALUE)) {
            return false;
        }
        for (int i = 0; i < value.size(); i++) {
            JsonNode item = schema.path("prefixItems").has(i)
                    ? schema.get("prefixItems").get(i)
                    : schema.get("items");
            if (item != null && !fits(item, value.get(i), root)) {
                return false;
            }
        }
        return true;
    }

    private static boolean object(JsonNode schema, JsonNode value, JsonNode root) {
        for (JsonNode name : schema.path("required")) {
            if (!value.has(name.asText())) {
                return false;
            }
        }
        for (var entry : value.properties()) {
            JsonNode property = schema.path("properties").get(entry.getKey());
            JsonNode of = property == null ? schema.get("additionalProperties") : property;
            if (of != null && !fits(of, entry.getValue(), root)) {
                return false;
            }
        }
        return true;
    }
}
