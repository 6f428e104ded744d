package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.internal.NumberBounds.Bound;
import org.lora4j.text.grammar.internal.Shape.Contains;
import org.lora4j.text.grammar.internal.Shape.Kind;
import org.lora4j.text.grammar.internal.Shape.Multiple;
import org.lora4j.text.grammar.internal.Shape.Others;
import org.lora4j.text.grammar.internal.Shape.PatternProperty;
import org.lora4j.text.grammar.internal.Shape.StringRule;
import org.lora4j.text.grammar.internal.Shape.Tuple;

/** The keywords of JSON Schema that have no alternatives: what each says of a value. */
final class PlainKeywords {
    private final SchemaIndex index;
    private final SchemaRules rules;
    private final Effort effort;
    private final Consumer<String> annotations;

    /**
     * Creates an instance.
     *
     * @param annotations receives the names of formats that have no effect
     */
    PlainKeywords(SchemaIndex index, SchemaRules rules, Effort effort, Consumer<String> annotations) {
        this.index = index;
        this.rules = rules;
        this.effort = effort;
        this.annotations = annotations;
    }

    /**
     * Adds what a keyword says.
     *
     * @param isEvaluated whether it matters which properties are evaluated
     */
    void add(Shape shape, SchemaNode node, String keyword, boolean isEvaluated) {
        switch (keyword) {
            case "type" -> type(shape, node);
            case "enum" -> shape.values(values(node.list("enum"), node, "enum"));
            case "const" -> shape.values(values(List.of(node.keywords().get("const")), node, "const"));
            case "minLength" -> shape.minLength = Math.max(shape.minLength, node.count(keyword, 0));
            case "maxLength" -> shape.maxLength = Math.min(shape.maxLength, node.count(keyword, 0));
            case "pattern" ->
                shape.patterns.add(new StringRule(require(node.text(keyword)), node.below(keyword), true));
            case "format" -> format(shape, node, true);
            case "minimum", "exclusiveMinimum" -> shape.least(bound(node, keyword));
            case "maximum", "exclusiveMaximum" -> shape.most(bound(node, keyword));
            case "multipleOf" ->
                shape.multiples.add(new Multiple(require(node.number(keyword)), node.below(keyword), true));
            case "items", "prefixItems", "additionalItems" -> tuple(shape, node, keyword);
            case "minItems" -> shape.minItems = Math.max(shape.minItems, node.count(keyword, 0));
            case "maxItems" -> shape.maxItems = Math.min(shape.maxItems, node.count(keyword, 0));
            case "uniqueItems" -> shape.distinct = node.truth(keyword) ? node.below(keyword) : shape.distinct;
            case "contains" ->
                shape.contains.add(new Contains(
                        Claim.of(node, keyword),
                        node.count("minContains", 1),
                        node.count("maxContains", Repeat.UNBOUNDED),
                        node.below(keyword)));
            case "properties" -> properties(shape, node, isEvaluated);
            case "patternProperties", "additionalProperties" -> others(shape, node, keyword);
            case "required" -> shape.required.addAll(names(node));
            case "minProperties" -> shape.minProperties = Math.max(shape.minProperties, node.count(keyword, 0));
            case "maxProperties" -> shape.maxProperties = Math.min(shape.maxProperties, node.count(keyword, 0));
            case "propertyNames" -> shape.names.add(Claim.of(node, keyword));
            default -> {}
        }
        Kind kind = kindOf(keyword);
        if (kind != null) {
            shape.spokenOf.add(kind);
        }
    }

    static @Nullable Kind kindOf(String keyword) {
        return switch (keyword) {
            case "minLength", "maxLength", "pattern", "format" -> Kind.STRING;
            case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf" -> Kind.NUMBER;
            case "items",
                    "prefixItems",
                    "additionalItems",
                    "minItems",
                    "maxItems",
                    "uniqueItems",
                    "contains",
                    "unevaluatedItems" -> Kind.ARRAY;
            case "properties",
                    "patternProperties",
                    "additionalProperties",
                    "required",
                    "minProperties",
                    "maxProperties",
                    "propertyNames",
                    "unevaluatedProperties" -> Kind.OBJECT;
            default -> null;
        };
    }

    static <T> T require(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("a keyword must be there");
        }
        return value;
    }

    private void type(Shape shape, SchemaNode node) {
        EnumSet<Kind> kinds = kinds(node);
        shape.kinds.retainAll(kinds);
        shape.isTyped = true;
        if (kinds.contains(Kind.NUMBER) && !typeNames(node).contains("number")) {
            shape.isInteger = true;
            shape.isPlain |= index.hasPlainIntegers();
        }
    }

    static List<String> typeNames(SchemaNode node) {
        JsonNode type = node.get("type");
        return type != null && type.isTextual() ? List.of(type.asText()) : node.texts("type");
    }

    static EnumSet<Kind> kinds(SchemaNode node) {
        EnumSet<Kind> kinds = EnumSet.noneOf(Kind.class);
        for (String name : typeNames(node)) {
            switch (name) {
                case "object" -> kinds.add(Kind.OBJECT);
                case "array" -> kinds.add(Kind.ARRAY);
                case "string" -> kinds.add(Kind.STRING);
                case "number", "integer" -> kinds.add(Kind.NUMBER);
                case "boolean" -> kinds.addAll(EnumSet.of(Kind.TRUE, Kind.FALSE));
                case "null" -> kinds.add(Kind.NULL);
                default ->
                    throw node.refuse(
                            "type", "must be some of [object, array, string, number, integer, boolean, null]");
            }
        }
        return kinds;
    }

    Map<String, JsonNode> values(List<JsonNode> list, SchemaNode node, String keyword) {
        Map<String, JsonNode> values = new LinkedHashMap<>();
        for (JsonNode value : list) {
            effort.spend(1 + value.size());
            values.putIfAbsent(SchemaValues.key(value), value);
        }
        if (values.values().stream().anyMatch(value -> !SchemaValues.isUnicode(value))) {
            throw node.refuse(keyword, "must have no halves of surrogate pairs");
        }
        return values;
    }

    void format(Shape shape, SchemaNode node, boolean isTrue) {
        String format = require(node.text("format"));
        if (Formats.isKnown(format) || NumberForms.isFormat(format)) {
            shape.formats.add(new StringRule(format, node.below("format"), isTrue));
        } else if (rules.isStrict() || Formats.isNotHeld(format)) {
            throw node.refuse("format", "must be one of " + Formats.names());
        } else {
            annotations.accept("format: " + format);
        }
    }

    /** In draft 4, {@code exclusiveMinimum} is a truth value that {@code minimum} depends on. */
    static @Nullable Bound bound(SchemaNode node, String keyword) {
        JsonNode value = node.get(keyword);
        boolean isExclusive = keyword.startsWith("exclusive");
        if (isExclusive && value != null && value.isBoolean()) {
            return null;
        }
        String beside = keyword.equals("minimum") ? "exclusiveMinimum" : "exclusiveMaximum";
        JsonNode isOpen = node.get(beside);
        boolean isOutside = isExclusive || (isOpen != null && isOpen.isBoolean() && isOpen.asBoolean());
        return new Bound(require(node.number(keyword)), !isOutside);
    }

    /** In drafts before 2020-12, {@code items} may be the first elements. */
    static void tuple(Shape shape, SchemaNode node, String keyword) {
        boolean isOld = node.has("items") && node.keywords().get("items").isArray();
        boolean isFirst = keyword.equals("prefixItems") || (keyword.equals("items") && !node.has("prefixItems"));
        if (!isFirst) {
            return;
        }
        String rest = isOld ? "additionalItems" : "items";
        Tuple tuple = new Tuple(
                isOld ? Claim.allOf(node, "items") : Claim.allOf(node, "prefixItems"),
                node.has(rest) ? Claim.of(node, rest) : null);
        shape.tuples.add(tuple);
        shape.evaluatedItems = Math.max(shape.evaluatedItems, tuple.first().size());
        shape.areItemsEvaluated |= tuple.rest() != null;
    }

    static List<String> names(SchemaNode node) {
        // Draft 3 has it beside each property.
        return node.texts("required");
    }

    private static void properties(Shape shape, SchemaNode node, boolean isEvaluated) {
        node.object("properties").properties().forEach(entry -> {
            Claim value = Claim.of(entry.getValue(), SchemaNode.below(node.below("properties"), entry.getKey()));
            shape.property(entry.getKey(), value.isAlways() ? null : value);
            if (isEvaluated) {
                shape.evaluatedNames.add(entry.getKey());
            }
        });
        shape.hasProperties |= node.object("properties").size() > 0;
    }

    static List<PatternProperty> patterns(SchemaNode node) {
        List<PatternProperty> patterns = new ArrayList<>();
        node.object("patternProperties").properties().forEach(entry -> {
            String place = SchemaNode.below(node.below("patternProperties"), entry.getKey());
            patterns.add(new PatternProperty(entry.getKey(), place, Claim.of(entry.getValue(), place)));
        });
        return patterns;
    }

    private static void others(Shape shape, SchemaNode node, String keyword) {
        if (keyword.equals("additionalProperties") && node.has("patternProperties")) {
            return;
        }
        List<PatternProperty> patterns = patterns(node);
        Claim additional = node.has("additionalProperties") ? Claim.of(node, "additionalProperties") : null;
        Set<String> named = new HashSet<>();
        node.object("properties").fieldNames().forEachRemaining(named::add);
        shape.others.add(new Others(named, patterns, additional));
        patterns.forEach(one -> shape.evaluatedPatterns.put(one.pattern(), one));
        shape.areNamesEvaluated |= additional != null;
    }

    static void unevaluated(Shape shape, SchemaNode node) {
        if (node.has("unevaluatedProperties")) {
            shape.spokenOf.add(Kind.OBJECT);
            if (!shape.areNamesEvaluated) {
                List<PatternProperty> patterns = shape.evaluatedPatterns.values().stream()
                        .map(one -> new PatternProperty(one.pattern(), one.place(), Claim.NEVER.negated()))
                        .toList();
                shape.others.add(new Others(
                        Set.copyOf(shape.evaluatedNames), patterns, Claim.of(node, "unevaluatedProperties")));
                shape.areNamesEvaluated = true;
            }
        }
        if (node.has("unevaluatedItems")) {
            shape.spokenOf.add(Kind.ARRAY);
            if (!shape.contains.isEmpty()) {
                throw node.refuse("unevaluatedItems", "must not stand beside 'contains'");
            }
            if (!shape.areItemsEvaluated) {
                List<Claim> first = new ArrayList<>();
                for (int i = 0; i < shape.evaluatedItems; i++) {
                    first.add(Claim.NEVER.negated());
                }
                shape.tuples.add(new Tuple(first, Claim.of(node, "unevaluatedItems")));
                shape.areItemsEvaluated = true;
            }
        }
    }
}
