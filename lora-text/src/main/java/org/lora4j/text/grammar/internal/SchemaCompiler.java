package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.StrictJson;
import org.lora4j.text.grammar.internal.NumberBounds.Bound;

/** The JSON texts of a JSON Schema, as the Javadoc of {@code Grammar.jsonSchema} says. */
final class SchemaCompiler {
    private static final int MOST_DEPTH = 100;
    private static final int MOST_PARTS = 100_000;
    private static final int MOST_DIVISOR = 1_000;

    /** Each set of used values is a state of its own. */
    private static final int MOST_DISTINCT = 10;

    /** The whole numbers of Java that are smaller than those that are written anyway, by the names that OpenAPI gives them. */
    private static final Map<String, Integer> BITS = Map.of("int8", 8, "int16", 16, "int32", 32);

    private final Expressions all;
    private final JsonForms forms;
    private final NumberBounds bounds;
    private final JsonNode document;

    /** The places of rules that are not defined yet. */
    private final Deque<String> open = new ArrayDeque<>();

    private int parts;

    private SchemaCompiler(Expressions all, JsonNode document) {
        this.all = all;
        this.document = document;
        forms = new JsonForms(all);
        bounds = new NumberBounds(all, forms);
    }

    /**
     * Returns what creates the expressions of a schema, or throws an IllegalArgumentException if the text is none.
     */
    static Function<Expressions, Expression> of(String schema) {
        // The text takes less memory than what is read from it.
        return all -> new SchemaCompiler(all, read(schema)).compile();
    }

    private static JsonNode read(String schema) {
        try {
            return StrictJson.MAPPER
                    .reader()
                    .with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .readTree(schema);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "JSON Schema: must be JSON, found " + MessageText.describe(e.getOriginalMessage()), e);
        }
    }

    /** The texts of any JSON value. */
    static Expression anyValue(Expressions all) {
        return new JsonForms(all).value();
    }

    private Expression compile() {
        Expression root = schema(document, "#", 0);
        while (!open.isEmpty()) {
            String place = open.remove();
            all.rule(this, place).define(schema(target(place, place), place, 0));
        }
        return root;
    }

    private Expression schema(JsonNode schema, String place, int depth) {
        if (schema.isBoolean()) {
            return schema.asBoolean() ? forms.value() : all.never();
        }
        return schema(SchemaNode.of(schema, place), depth);
    }

    private Expression schema(SchemaNode node, int depth) {
        parts++;
        all.effort().spend(1 + node.keywords().size());
        if (depth > MOST_DEPTH || parts > MOST_PARTS) {
            throw SchemaNode.refuse(
                    node.place(),
                    "schemas must be nested at most " + MOST_DEPTH + " deep, have at most " + MOST_PARTS
                            + " parts, and be joined with themselves by no $ref",
                    null);
        }
        if (node.truth("nullable")) {
            return all.or(schema(node.without("nullable"), depth + 1), all.literal("null"));
        }
        if (node.has("$ref")) {
            SchemaNode rest = node.without("$ref");
            String place = placeOfReference(node);
            if (rest.isEmpty()) {
                return reference(place);
            }
            return joined(rest, target(place, node.below("$ref")), place, depth);
        }
        if (node.has("allOf")) {
            return allOf(node, depth);
        }
        for (String keyword : List.of("anyOf", "oneOf")) {
            if (node.has(keyword)) {
                return anyOf(node, keyword, depth);
            }
        }
        return value(node, depth);
    }

    private String placeOfReference(SchemaNode node) {
        String reference = node.text("$ref");
        if (reference == null || !(reference.equals("#") || reference.startsWith("#/"))) {
            throw node.refuse("$ref", "must point into this schema, as '#/$defs/name' does");
        }
        try {
            return URLDecoder.decode(reference.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw node.refuse("$ref", "must have escapes of two hexadecimal digits behind '%'");
        }
    }

    private JsonNode target(String place, String from) {
        JsonNode target = document.at(JsonPointer.compile(place.substring(1)));
        if (target.isMissingNode()) {
            throw SchemaNode.refuse(from, "must point to a schema that is there, to " + MessageText.quote(place), null);
        }
        return target;
    }

    private Expression reference(String place) {
        int before = all.rules();
        Rule rule = all.rule(this, place);
        if (all.rules() > before) {
            open.add(place);
        }
        return all.reference(rule);
    }

    /** The values of a schema that fit another one too. */
    private Expression joined(SchemaNode node, JsonNode other, String place, int depth) {
        if (other.isBoolean()) {
            return other.asBoolean() ? schema(node, depth + 1) : all.never();
        }
        SchemaNode checked = SchemaNode.of(other, place);
        return schema(node.isEmpty() ? checked : merge(node).add(checked).joined(), depth + 1);
    }

    private SchemaMerge merge(SchemaNode first) {
        return new SchemaMerge(first, all.effort());
    }

    private Expression allOf(SchemaNode node, int depth) {
        List<JsonNode> schemas = node.list("allOf");
        SchemaNode rest = node.without("allOf");
        SchemaMerge merge = rest.isEmpty() ? null : merge(rest);
        for (int i = 0; i < schemas.size(); i++) {
            JsonNode one = schemas.get(i);
            String place = SchemaNode.below(node.below("allOf"), Integer.toString(i));
            if (one.isBoolean()) {
                if (!one.asBoolean()) {
                    return all.never();
                }
                continue;
            }
            SchemaNode checked = SchemaNode.of(one, place);
            if (merge == null) {
                merge = merge(checked);
            } else if (checked.has("$ref") && merge.joined().has("$ref")) {
                // Only one of them can be left for later.
                JsonNode target = target(placeOfReference(checked), place);
                if (target.isBoolean()) {
                    throw SchemaNode.refuse(place, "must point to an object", target);
                }
                merge.add(checked.without("$ref")).add(SchemaNode.of(target, place));
            } else {
                merge.add(checked);
            }
        }
        return schema(merge == null ? rest : merge.joined(), depth + 1);
    }

    private Expression anyOf(SchemaNode node, String keyword, int depth) {
        List<JsonNode> schemas = node.list(keyword);
        SchemaNode rest = node.without(keyword);
        List<Expression> options = new ArrayList<>();
        for (int i = 0; i < schemas.size(); i++) {
            String place = SchemaNode.below(node.below(keyword), Integer.toString(i));
            options.add(
                    rest.isEmpty()
                            ? schema(schemas.get(i), place, depth + 1)
                            : joined(rest, schemas.get(i), place, depth));
        }
        return all.or(options);
    }

    private Expression value(SchemaNode node, int depth) {
        List<String> types = SchemaTypes.of(node);
        if (node.has("enum") || node.has("const")) {
            return constants(node);
        }
        if (types.isEmpty()) {
            return node.has("type") ? all.never() : forms.value();
        }
        List<Expression> options = new ArrayList<>();
        for (String type : types) {
            options.add(
                    switch (type) {
                        case "object" -> object(node, depth);
                        case "array" -> array(node, depth);
                        case "string" -> string(node);
                        case "number" -> number(node, false);
                        case "integer" -> number(node, true);
                        case "boolean" -> all.or(all.literal("true"), all.literal("false"));
                        default -> all.literal("null");
                    });
        }
        return all.or(options);
    }

    /** The values of {@code enum} and {@code const} that have the type. */
    private List<JsonNode> values(SchemaNode node) {
        for (var names :
                List.of(SchemaNode.OF_STRINGS, SchemaNode.OF_NUMBERS, SchemaNode.OF_ARRAYS, SchemaNode.OF_OBJECTS)) {
            for (String name : names) {
                if (node.has(name)) {
                    throw node.refuse(name, "must not stand beside 'enum' or 'const'");
                }
            }
        }
        JsonNode constant = node.get("const");
        List<JsonNode> values = node.has("enum") ? node.list("enum") : List.of();
        if (constant != null) {
            values = !node.has("enum") || values.contains(constant) ? List.of(constant) : List.of();
        }
        List<String> types = SchemaTypes.names(node);
        List<JsonNode> fitting = new ArrayList<>();
        for (JsonNode value : values) {
            if (!node.has("type") || SchemaTypes.contain(types, value)) {
                if (!MessageText.isUnicode(value.toString())) {
                    throw node.refuse(constant == null ? "enum" : "const", "must have no halves of surrogate pairs");
                }
                fitting.add(value);
            }
        }
        return fitting;
    }

    private Expression constants(SchemaNode node) {
        List<String> texts = new ArrayList<>();
        List<Expression> options = new ArrayList<>();
        for (JsonNode value : values(node)) {
            if (value.isTextual()) {
                texts.add(value.asText());
            } else {
                options.add(forms.literal(value));
            }
        }
        options.add(forms.string(forms.spelling().oneOf(texts)));
        return all.or(options);
    }

    private Expression string(SchemaNode node) {
        Spelling spelling = forms.spelling();
        List<Expression> conditions = new ArrayList<>();
        int min = node.count("minLength", 0);
        int max = node.count("maxLength", Repeat.UNBOUNDED);
        String pattern = node.text("pattern");
        String format = node.text("format");
        if (pattern != null) {
            conditions.add(PatternParser.parse(spelling, pattern, "JSON Schema, " + node.below("pattern")));
        }
        if (format != null) {
            Expression strings = Formats.of(format, spelling);
            if (strings == null) {
                throw node.refuse("format", "must be one of " + Formats.names());
            }
            conditions.add(strings);
        }
        if (conditions.isEmpty() || min > 0 || max < Repeat.UNBOUNDED) {
            conditions.add(all.repeat(spelling.one(CodePoints.ALL), min, max));
        }
        return forms.string(all.and(conditions));
    }

    private static @Nullable Bound bound(SchemaNode node, String reached, String notReached, int sign) {
        BigDecimal inner = node.number(reached);
        BigDecimal outer = node.number(notReached);
        if (outer == null) {
            return inner == null ? null : new Bound(inner, true);
        }
        return inner != null && sign * inner.compareTo(outer) > 0 ? new Bound(inner, true) : new Bound(outer, false);
    }

    /** The bound, or another one if that is within it. */
    private static Bound tighter(@Nullable Bound bound, BigDecimal value, int sign) {
        return bound != null && sign * bound.value().compareTo(value) >= 0 ? bound : new Bound(value, true);
    }

    private Expression number(SchemaNode node, boolean isInteger) {
        Bound least = bound(node, "minimum", "exclusiveMinimum", 1);
        Bound most = bound(node, "maximum", "exclusiveMaximum", -1);
        Integer bits = isInteger ? BITS.get(String.valueOf(node.text("format"))) : null;
        if (bits != null) {
            BigInteger end = BigInteger.ONE.shiftLeft(bits - 1);
            least = tighter(least, new BigDecimal(end.negate()), 1);
            most = tighter(most, new BigDecimal(end.subtract(BigInteger.ONE)), -1);
        }
        BigDecimal divisor = node.number("multipleOf");
        if (least == null && most == null && divisor == null) {
            return isInteger ? forms.integer() : forms.number();
        }
        int whole = JsonForms.MOST_DIGITS;
        int fraction = isInteger ? 0 : JsonForms.MOST_DIGITS;
        for (Bound bound : new Bound[] {least, most}) {
            if (bound != null) {
                whole = Math.max(
                        whole, bound.value().toBigInteger().abs().toString().length());
                fraction = isInteger ? 0 : Math.max(fraction, bound.value().scale());
            }
        }
        Expression multiples = null;
        if (divisor != null) {
            BigDecimal unit = divisor.stripTrailingZeros();
            boolean isPowerOfTen = unit.scale() > 0 && unit.unscaledValue().equals(BigInteger.ONE);
            if (isPowerOfTen) {
                fraction = Math.min(fraction, unit.scale());
            } else if (unit.signum() > 0
                    && unit.scale() <= 0
                    && unit.compareTo(BigDecimal.valueOf(MOST_DIVISOR)) <= 0) {
                fraction = 0;
                multiples = all.concat(forms.minus(), all.remainder(unit.intValueExact(), 0));
            } else {
                throw node.refuse(
                        "multipleOf", "must be a whole number from 1 to " + MOST_DIVISOR + ", or 0.1, 0.01 and so on");
            }
        }
        Expression form = all.sequence(forms.minus(), forms.natural(whole), forms.fraction(fraction));
        Expression numbers = bounds.within(form, least, most);
        return multiples == null ? numbers : all.and(numbers, multiples);
    }

    private Expression array(SchemaNode node, int depth) {
        List<JsonNode> first = node.list("prefixItems");
        int min = node.count("minItems", 0);
        int max = node.count("maxItems", Repeat.UNBOUNDED);
        JsonNode items = node.get("items");
        if (node.truth("uniqueItems")) {
            return distinct(node, items, min, max);
        }
        Expression element = items == null ? forms.value() : schema(items, node.below("items"), depth + 1);
        if (element == all.never()) {
            max = Math.min(max, first.size());
        }
        int fixed = Math.min(first.size(), max);
        if (fixed == 0) {
            return forms.array(element, min, max);
        }
        if (min > max) {
            return all.never();
        }
        int more = max == Repeat.UNBOUNDED ? max : max - fixed;
        Expression rest = all.repeat(all.concat(forms.comma(), element), Math.max(0, min - fixed), more);
        for (int i = fixed - 1; i >= 0; i--) {
            String place = SchemaNode.below(node.below("prefixItems"), Integer.toString(i));
            Expression one = schema(first.get(i), place, depth + 1);
            rest = all.concat(i == 0 ? one : all.concat(forms.comma(), one), rest);
            rest = i >= min ? all.optional(rest) : rest;
        }
        return all.sequence(all.literal("["), rest, all.literal("]"));
    }

    /** Arrays of different values of an {@code enum}. */
    private Expression distinct(SchemaNode node, @Nullable JsonNode items, int min, int max) {
        SchemaNode element =
                items == null || !items.isObject() ? node : resolved(SchemaNode.of(items, node.below("items")));
        boolean isEnum =
                element.has("enum") && element.without("enum", "const", "type").isEmpty() && !node.has("prefixItems");
        List<JsonNode> values = isEnum ? values(element) : List.of();
        if (!isEnum || values.size() > MOST_DISTINCT || values.stream().anyMatch(JsonNode::isContainerNode)) {
            throw node.refuse(
                    "uniqueItems",
                    "must stand beside 'items' with an 'enum' of at most " + MOST_DISTINCT
                            + " simple values, or be false");
        }
        // Numbers are compared by their value.
        Map<Object, Expression> different = new LinkedHashMap<>();
        values.forEach(value -> different.putIfAbsent(
                value.isNumber() ? value.decimalValue().stripTrailingZeros() : value, forms.literal(value)));
        List<Expression> elements = List.copyOf(different.values());
        return all.sequence(all.literal("["), afterUsed(elements, 0, min, max, new HashMap<>()), all.literal("]"));
    }

    /** What a schema that is a reference alone points to. */
    private SchemaNode resolved(SchemaNode node) {
        SchemaNode at = node;
        for (int i = 0; i < MOST_DEPTH && at.has("$ref") && at.without("$ref").isEmpty(); i++) {
            String place = placeOfReference(at);
            JsonNode target = target(place, at.below("$ref"));
            if (!target.isObject()) {
                return at;
            }
            at = SchemaNode.of(target, place);
        }
        return at;
    }

    /** What may follow when some elements were used, each a bit. */
    private Expression afterUsed(
            List<Expression> elements, int used, int min, int max, Map<Integer, Expression> known) {
        Expression found = known.get(used);
        if (found == null) {
            int count = Integer.bitCount(used);
            List<Expression> options = new ArrayList<>();
            if (count >= min) {
                options.add(all.empty());
            }
            for (int i = 0; i < elements.size() && count < max; i++) {
                if ((used & 1 << i) == 0) {
                    Expression one = all.concat(elements.get(i), afterUsed(elements, used | 1 << i, min, max, known));
                    options.add(count == 0 ? one : all.concat(forms.comma(), one));
                }
            }
            found = all.or(options);
            known.put(used, found);
        }
        return found;
    }

    private Expression object(SchemaNode node, int depth) {
        ObjectNode properties = node.object("properties");
        Set<String> required = new LinkedHashSet<>(node.texts("required"));
        JsonNode additional = node.get("additionalProperties");
        boolean isOpen =
                additional == null ? properties.isEmpty() : !(additional.isBoolean() && !additional.asBoolean());
        Expression other =
                additional == null ? forms.value() : schema(additional, node.below("additionalProperties"), depth + 1);
        List<String> names = new ArrayList<>();
        List<JsonForms.Property> pairs = new ArrayList<>();
        properties.properties().forEach(entry -> {
            names.add(entry.getKey());
            String place = SchemaNode.below(node.below("properties"), entry.getKey());
            pairs.add(property(entry.getKey(), schema(entry.getValue(), place, depth + 1), required));
        });
        for (String name : required) {
            if (!properties.has(name)) {
                names.add(name);
                pairs.add(property(name, other, required));
            }
        }
        if (!isOpen || other == all.never()) {
            return forms.object(pairs, all.empty(), all.empty());
        }
        Expression pair = forms.pair(otherName(names), other);
        return forms.object(pairs, all.repeat(all.concat(forms.comma(), pair), 0, Repeat.UNBOUNDED), pair);
    }

    private JsonForms.Property property(String name, Expression value, Set<String> required) {
        Expression key = forms.string(forms.spelling().text(name));
        return new JsonForms.Property(forms.pair(key, value), required.contains(name));
    }

    /** The names that no property has. */
    private Expression otherName(List<String> names) {
        Spelling spelling = forms.spelling();
        if (names.isEmpty()) {
            return forms.anyString();
        }
        Expression known = spelling.oneOf(names);
        return forms.string(all.and(spelling.any(), all.not(known)));
    }
}
