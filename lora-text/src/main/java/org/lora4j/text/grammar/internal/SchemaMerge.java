package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Joins the keywords of schemas that a value must all fit. To add a schema takes as long as it is large, however large those are that
 * were added before. The schemas themselves are not changed.
 */
final class SchemaMerge {
    private static final Set<String> LOWER_LIMITS = Set.of("minimum", "exclusiveMinimum", "minLength", "minItems");
    private static final Set<String> UPPER_LIMITS = Set.of("maximum", "exclusiveMaximum", "maxLength", "maxItems");

    private final Effort effort;
    private final SchemaNode joined;

    /** The values that were created here, and may be changed. */
    private final Set<JsonNode> own = Collections.newSetFromMap(new IdentityHashMap<>());

    /** The names of {@code required}, once two schemas have some. */
    private final Set<String> required = new LinkedHashSet<>();

    /** Begins with one schema. */
    SchemaMerge(SchemaNode first, Effort effort) {
        this.effort = effort;
        ObjectNode keywords = JsonNodeFactory.instance.objectNode();
        keywords.setAll(first.keywords());
        keywords.remove(SchemaNode.ANNOTATIONS);
        joined = new SchemaNode(keywords, first.place());
    }

    /** What all schemas say together. */
    SchemaNode joined() {
        return joined;
    }

    /**
     * Adds a schema.
     *
     * @return this
     * @throws IllegalArgumentException if a keyword cannot be joined; the message names it
     */
    SchemaMerge add(SchemaNode other) {
        requireSeparate(joined, other);
        requireSeparate(other, joined);
        ObjectNode keywords = joined.keywords();
        boolean isNullable = joined.truth("nullable") && other.truth("nullable");
        other.keywords().properties().forEach(entry -> {
            String keyword = entry.getKey();
            effort.spend(1);
            if (!SchemaNode.ANNOTATIONS.contains(keyword)) {
                JsonNode mine = keywords.get(keyword);
                keywords.set(keyword, mine == null ? entry.getValue() : join(mine, other, keyword));
            }
        });
        keywords.remove("nullable");
        if (isNullable) {
            keywords.put("nullable", true);
        }
        return this;
    }

    /** What is said of the rest of an object or array must not be joined with what has other parts. */
    private void requireSeparate(SchemaNode one, SchemaNode other) {
        JsonNode additional = one.get("additionalProperties");
        boolean isOpen = additional == null || (additional.isBoolean() && additional.asBoolean());
        if (!isOpen && !hasAll(one.object("properties"), other.object("properties"))) {
            throw one.refuse(
                    "additionalProperties",
                    "schemas that are joined by allOf, anyOf, oneOf or $ref must have additionalProperties in the one that"
                            + " has all properties");
        }
        if (one.has("items") && other.size("prefixItems") > one.size("prefixItems")) {
            throw one.refuse(
                    "items",
                    "schemas that are joined by allOf, anyOf, oneOf or $ref must have items in the one that has all"
                            + " prefixItems");
        }
    }

    private boolean hasAll(ObjectNode known, ObjectNode names) {
        if (names.size() > known.size()) {
            return false;
        }
        effort.spend(names.size());
        for (var entry : names.properties()) {
            if (!known.has(entry.getKey())) {
                return false;
            }
        }
        return true;
    }

    private JsonNode join(JsonNode mine, SchemaNode other, String keyword) {
        JsonNode others = other.keywords().get(keyword);
        effort.spend(others.size());
        if (mine.equals(others)) {
            return mine;
        }
        if (LOWER_LIMITS.contains(keyword) || UPPER_LIMITS.contains(keyword)) {
            boolean isMineLess = require(joined, keyword).compareTo(require(other, keyword)) < 0;
            return isMineLess == UPPER_LIMITS.contains(keyword) ? mine : others;
        }
        return switch (keyword) {
            case "required" -> required(mine, other);
            case "type" -> strings(types(joined, other));
            case "enum" -> common(joined.list(keyword), other.list(keyword));
            case "properties" -> properties(joined.object(keyword), other.object(keyword));
            case "allOf" -> {
                joined.list(keyword);
                yield own((ArrayNode) mine).addAll(other.list(keyword));
            }
            case "nullable" -> mine;
            case "uniqueItems" -> BooleanNode.valueOf(joined.truth(keyword) || other.truth(keyword));
            default ->
                throw joined.refuse(
                        keyword,
                        "schemas that are joined by allOf, anyOf, oneOf or $ref must not have different values of '"
                                + keyword + "'");
        };
    }

    /** An array with the same elements that may be changed. */
    private ArrayNode own(ArrayNode array) {
        if (own.contains(array)) {
            return array;
        }
        ArrayNode copy = JsonNodeFactory.instance.arrayNode().addAll(array);
        own.add(copy);
        return copy;
    }

    private static BigDecimal require(SchemaNode node, String keyword) {
        BigDecimal number = node.number(keyword);
        if (number == null) {
            throw node.refuse(keyword, "must be a number");
        }
        return number;
    }

    private ArrayNode required(JsonNode mine, SchemaNode other) {
        ArrayNode names;
        if (own.contains(mine)) {
            names = (ArrayNode) mine;
        } else {
            required.addAll(joined.texts("required"));
            names = strings(required);
            own.add(names);
        }
        for (String name : other.texts("required")) {
            if (required.add(name)) {
                names.add(name);
            }
        }
        return names;
    }

    /** The values that both have, each once. */
    private ArrayNode common(List<JsonNode> mine, List<JsonNode> others) {
        effort.spend(mine.size());
        Set<String> known = SchemaValues.keys(others);
        ArrayNode both = JsonNodeFactory.instance.arrayNode();
        Set<String> taken = new HashSet<>();
        for (JsonNode value : mine) {
            String key = SchemaValues.key(value);
            if (known.contains(key) && taken.add(key)) {
                both.add(value);
            }
        }
        return both;
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

    private static ArrayNode strings(Iterable<String> texts) {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        texts.forEach(array::add);
        return array;
    }

    /** A property of several schemas must fit all. */
    private ObjectNode properties(ObjectNode mine, ObjectNode others) {
        ObjectNode all = mine;
        if (!own.contains(mine)) {
            all = JsonNodeFactory.instance.objectNode().setAll(mine);
            own.add(all);
        }
        for (var entry : others.properties()) {
            JsonNode known = all.get(entry.getKey());
            if (known == null) {
                all.set(entry.getKey(), entry.getValue());
            } else if (own.contains(known)) {
                ((ArrayNode) known.get("allOf")).add(entry.getValue());
            } else if (!known.equals(entry.getValue())) {
                ObjectNode both = JsonNodeFactory.instance.objectNode();
                both.putArray("allOf").add(known).add(entry.getValue());
                own.add(both);
                all.set(entry.getKey(), both);
            }
        }
        return all;
    }
}
