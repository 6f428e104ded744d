package org.lora4j.text.internal.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Joins the keywords of two schemas that a value must both fit. */
final class SchemaMerge {
    private static final Set<String> LOWER_LIMITS = Set.of("minimum", "exclusiveMinimum", "minLength", "minItems");
    private static final Set<String> UPPER_LIMITS = Set.of("maximum", "exclusiveMaximum", "maxLength", "maxItems");

    private SchemaMerge() {}

    /**
     * Joins two schemas.
     *
     * @throws IllegalArgumentException if both have a keyword that cannot be joined; the message names it
     */
    static SchemaNode merge(SchemaNode one, SchemaNode other) {
        requireSeparate(one, other);
        requireSeparate(other, one);
        ObjectNode merged = one.keywords().deepCopy();
        merged.remove(SchemaNode.ANNOTATIONS);
        boolean isNullable = one.truth("nullable") && other.truth("nullable");
        other.keywords().properties().forEach(entry -> {
            String keyword = entry.getKey();
            if (!SchemaNode.ANNOTATIONS.contains(keyword)) {
                JsonNode mine = merged.get(keyword);
                merged.set(keyword, mine == null ? entry.getValue() : join(one, other, keyword));
            }
        });
        merged.remove("nullable");
        if (isNullable) {
            merged.put("nullable", true);
        }
        return new SchemaNode(merged, one.place());
    }

    /** What is said of the rest of an object or array must not be joined with what has other parts. */
    private static void requireSeparate(SchemaNode one, SchemaNode other) {
        JsonNode additional = one.get("additionalProperties");
        boolean isOpen = additional == null || (additional.isBoolean() && additional.asBoolean());
        List<String> known = names(one);
        if (!isOpen && !known.containsAll(names(other))) {
            throw one.refuse(
                    "additionalProperties",
                    "schemas that are joined by allOf, anyOf, oneOf or $ref must have additionalProperties in the one that"
                            + " has all properties");
        }
        if (one.has("items")
                && other.list("prefixItems").size() > one.list("prefixItems").size()) {
            throw one.refuse(
                    "items",
                    "schemas that are joined by allOf, anyOf, oneOf or $ref must have items in the one that has all"
                            + " prefixItems");
        }
    }

    private static List<String> names(SchemaNode node) {
        List<String> names = new ArrayList<>();
        node.object("properties").fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static JsonNode join(SchemaNode one, SchemaNode other, String keyword) {
        JsonNode mine = one.keywords().get(keyword);
        JsonNode others = other.keywords().get(keyword);
        if (mine.equals(others)) {
            return mine;
        }
        if (LOWER_LIMITS.contains(keyword) || UPPER_LIMITS.contains(keyword)) {
            boolean isMineLess = require(one, keyword).compareTo(require(other, keyword)) < 0;
            return isMineLess == UPPER_LIMITS.contains(keyword) ? mine : others;
        }
        return switch (keyword) {
            case "required" -> strings(union(one.texts(keyword), other.texts(keyword)));
            case "type" -> strings(types(one, other));
            case "enum" -> {
                ArrayNode both = JsonNodeFactory.instance.arrayNode();
                List<JsonNode> known = other.list(keyword);
                one.list(keyword).stream().filter(known::contains).forEach(both::add);
                yield both;
            }
            case "properties" -> properties(one.object(keyword), other.object(keyword));
            case "allOf" -> {
                ArrayNode all = JsonNodeFactory.instance.arrayNode();
                one.list(keyword).forEach(all::add);
                other.list(keyword).forEach(all::add);
                yield all;
            }
            case "nullable" -> mine;
            case "uniqueItems" -> BooleanNode.valueOf(one.truth(keyword) || other.truth(keyword));
            default ->
                throw one.refuse(
                        keyword,
                        "schemas that are joined by allOf, anyOf, oneOf or $ref must not have different values of '"
                                + keyword + "'");
        };
    }

    private static BigDecimal require(SchemaNode node, String keyword) {
        BigDecimal number = node.number(keyword);
        if (number == null) {
            throw node.refuse(keyword, "must be a number");
        }
        return number;
    }

    private static List<String> union(List<String> one, List<String> other) {
        List<String> all = new ArrayList<>(one);
        other.stream().filter(name -> !one.contains(name)).forEach(all::add);
        return all;
    }

    private static List<String> types(SchemaNode one, SchemaNode other) {
        List<String> mine = SchemaTypes.names(one);
        List<String> others = SchemaTypes.names(other);
        List<String> both =
                new ArrayList<>(mine.stream().filter(others::contains).toList());
        boolean isInteger = (mine.contains("integer") && others.contains("number"))
                || (mine.contains("number") && others.contains("integer"));
        if (isInteger && !both.contains("number") && !both.contains("integer")) {
            both.add("integer");
        }
        return both;
    }

    private static ArrayNode strings(List<String> texts) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        texts.forEach(array::add);
        return array;
    }

    /** A property of both must fit both. */
    private static ObjectNode properties(ObjectNode one, ObjectNode other) {
        ObjectNode all = one.deepCopy();
        other.properties().forEach(entry -> {
            JsonNode mine = all.get(entry.getKey());
            if (mine == null) {
                all.set(entry.getKey(), entry.getValue());
            } else if (!mine.equals(entry.getValue())) {
                ObjectNode both = JsonNodeFactory.instance.objectNode();
                both.putArray("allOf").add(mine).add(entry.getValue());
                all.set(entry.getKey(), both);
            }
        });
        return all;
    }
}
