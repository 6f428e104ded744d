package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
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
import org.lora4j.text.grammar.internal.Shape.Some;
import org.lora4j.text.grammar.internal.Shape.StringRule;
import org.lora4j.text.grammar.internal.Shape.Tuple;

/**
 * The alternatives of what schemas say of a value: a value fits the schemas if it fits one of the shapes. References are followed, and
 * {@code allOf}, {@code anyOf}, {@code oneOf}, {@code not}, {@code if} and the like are gone. The values of properties and the elements
 * of arrays are claims, which are expanded in their turn.
 */
final class SchemaExpansion {
    private static final int MOST_DEPTH = 100;
    private static final int MOST_SHAPES = 2_000;
    private static final int MOST_PARTS = 100_000;

    /** All subsets of {@code anyOf} are told apart if the properties depend on which of them fit. */
    private static final int MOST_SUBSETS = 5;

    /** Keywords whose schemas a value must fit too, or that have alternatives. */
    private static final Set<String> JOINING = Set.of(
            "$ref",
            "$recursiveRef",
            "$dynamicRef",
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "if",
            "dependencies",
            "dependentRequired",
            "dependentSchemas");

    private final SchemaIndex index;
    private final SchemaRules rules;
    private final Effort effort;
    private final ShapeChecks checks;
    private final Map<String, List<Shape>> known = new HashMap<>();
    private final Set<String> open = new LinkedHashSet<>();
    private final Consumer<String> annotations;
    private int parts;

    /** How many schemas with unevaluated properties or elements are open. */
    private int evaluations;

    /**
     * Creates an instance.
     *
     * @param annotations receives the names of keywords that have no effect
     */
    SchemaExpansion(
            SchemaIndex index, SchemaRules rules, Effort effort, TextMatcher matcher, Consumer<String> annotations) {
        this.index = index;
        this.rules = rules;
        this.effort = effort;
        this.annotations = annotations;
        checks = new ShapeChecks(this, matcher, effort);
    }

    ShapeChecks checks() {
        return checks;
    }

    /** The shapes of the values that fit all claims, each possible as far as it is plain; they must not be changed. */
    List<Shape> shapes(List<Claim> claims) {
        // What is evaluated of a value does not depend on what contains it.
        int before = evaluations;
        evaluations = 0;
        try {
            return expand(Claim.reduced(claims));
        } finally {
            evaluations = before;
        }
    }

    private List<Shape> expand(List<Claim> reduced) {
        if (reduced.size() == 1) {
            return expand(reduced.get(0)).stream()
                    .map(this::completed)
                    .filter(checks::isPossible)
                    .toList();
        }
        String key = "all " + Claim.key(reduced);
        List<Shape> found = known.get(key);
        if (found == null) {
            List<Shape> all = any();
            for (Claim claim : reduced) {
                all = both(all, expand(claim), claim.place());
            }
            found = all.stream().map(this::completed).filter(checks::isPossible).toList();
            known.put(key, found);
        }
        return found;
    }

    /** Without types, the values of a closed grammar are of the types that keywords speak of. */
    private Shape completed(Shape shape) {
        if (!rules.isClosed()
                || shape.isTyped
                || shape.values != null
                || shape.spokenOf.isEmpty()
                || shape.spokenOf.containsAll(shape.kinds)) {
            return shape;
        }
        Shape narrow = shape.copy();
        narrow.kinds.retainAll(shape.spokenOf);
        return narrow;
    }

    private static List<Shape> any() {
        return new ArrayList<>(List.of(new Shape()));
    }

    /** The shapes of what fits one of each. The first ones may be changed. */
    private List<Shape> both(List<Shape> first, List<Shape> second, String place) {
        if (second.size() == 1) {
            Shape only = second.get(0);
            List<Shape> joined = new ArrayList<>();
            for (Shape shape : first) {
                effort.spend(only.size());
                shape.add(only);
                if (first.size() == 1 || checks.isPossible(shape)) {
                    joined.add(shape);
                }
            }
            return joined;
        }
        List<Shape> joined = new ArrayList<>();
        for (Shape one : first) {
            for (Shape other : second) {
                effort.spend(one.size() + other.size());
                Shape shape = one.copy();
                shape.add(other);
                if (checks.isPossible(shape)) {
                    joined.add(shape);
                    requireFew(joined, place);
                }
            }
        }
        return joined;
    }

    private static void requireFew(Collection<Shape> shapes, String place) {
        if (shapes.size() > MOST_SHAPES) {
            throw SchemaNode.refuse(
                    place,
                    "the alternatives of schemas that are joined must have at most " + MOST_SHAPES + " parts together",
                    TextNode.valueOf("more"));
        }
    }

    /** The shapes of one claim. */
    private List<Shape> expand(Claim claim) {
        if (claim.isNever()) {
            return List.of();
        }
        if (claim.isAlways()) {
            return any();
        }
        String key = (evaluations > 0 ? "evaluated " : "") + Claim.key(List.of(claim));
        List<Shape> found = known.get(key);
        if (found != null) {
            return found;
        }
        SchemaNode node = SchemaNode.of(claim.schema(), claim.place());
        parts++;
        effort.spend(1 + node.keywords().size());
        if (!open.add(key) || open.size() > MOST_DEPTH || parts > MOST_PARTS) {
            throw SchemaNode.refuse(
                    node.place(),
                    "schemas must be nested at most " + MOST_DEPTH + " deep, have at most " + MOST_PARTS
                            + " parts, and be joined with themselves by no $ref",
                    null);
        }
        try {
            note(node);
            found = claim.isTrue() ? fitting(node) : notFitting(node);
            requireFew(found, node.place());
        } finally {
            open.remove(key);
        }
        known.put(key, found);
        return found;
    }

    private void note(SchemaNode node) {
        node.keywords().fieldNames().forEachRemaining(name -> {
            if (!SchemaNode.isKnown(name)) {
                if (rules.isStrict()) {
                    throw SchemaNode.refuse(
                            node.below(name), "a keyword must be one that is supported", TextNode.valueOf(name));
                }
                annotations.accept(name);
            }
        });
    }

    private List<Shape> fitting(SchemaNode node) {
        if (index.hidesBesideReferences() && node.has("$ref")) {
            return expand(index.target(node, "$ref"));
        }
        boolean isEvaluated = node.has("unevaluatedProperties") || node.has("unevaluatedItems");
        evaluations += isEvaluated ? 1 : 0;
        List<Shape> all = any();
        // The properties of the schema itself come first, in this order.
        for (boolean hasAlternatives : new boolean[] {false, true}) {
            for (String keyword : (Iterable<String>) node.keywords()::fieldNames) {
                if (JOINING.contains(keyword) == hasAlternatives) {
                    all = withKeyword(all, node, keyword);
                }
            }
        }
        evaluations -= isEvaluated ? 1 : 0;
        if (isEvaluated) {
            all.forEach(shape -> unevaluated(shape, node));
        }
        if (node.truth("nullable")) {
            all = new ArrayList<>(all);
            all.add(ofKind(Kind.NULL));
        }
        return all;
    }

    private static Shape ofKind(Kind kind) {
        Shape shape = new Shape();
        shape.kinds.retainAll(EnumSet.of(kind));
        shape.isTyped = true;
        return shape;
    }

    private List<Shape> withKeyword(List<Shape> all, SchemaNode node, String keyword) {
        return switch (keyword) {
            case "$ref", "$recursiveRef", "$dynamicRef" ->
                both(all, expand(index.target(node, keyword)), node.below(keyword));
            case "allOf" -> {
                List<Shape> joined = all;
                for (Claim part : claims(node, keyword)) {
                    joined = both(joined, expand(part), part.place());
                }
                yield joined;
            }
            case "anyOf" -> both(all, anyOf(claims(node, keyword)), node.below(keyword));
            case "oneOf" -> both(all, oneOf(claims(node, keyword)), node.below(keyword));
            case "not" -> both(all, not(claim(node, "not").negated()), node.below(keyword));
            case "if" -> both(all, conditional(node, true), node.below(keyword));
            case "dependencies", "dependentRequired", "dependentSchemas" -> {
                List<Shape> joined = all;
                for (var entry : node.object(keyword).properties()) {
                    joined = both(joined, dependency(node, keyword, entry.getKey()), node.below(keyword));
                }
                yield joined;
            }
            default -> {
                all.forEach(shape -> {
                    effort.spend(1 + node.keywords().get(keyword).size());
                    plain(shape, node, keyword);
                });
                yield all;
            }
        };
    }

    /** What is said within {@code not}. */
    private List<Shape> not(Claim negated) {
        return expand(negated).stream().map(shape -> shape.copy().silent()).toList();
    }

    private static Claim claim(SchemaNode node, String keyword) {
        JsonNode schema = node.get(keyword);
        if (schema == null) {
            throw new IllegalStateException("keyword " + keyword + " must be there");
        }
        return Claim.of(schema, node.below(keyword));
    }

    private static List<Claim> claims(SchemaNode node, String keyword) {
        List<JsonNode> schemas = node.list(keyword);
        List<Claim> claims = new ArrayList<>();
        for (int i = 0; i < schemas.size(); i++) {
            claims.add(Claim.of(schemas.get(i), node.below(keyword) + "/" + i));
        }
        return claims;
    }

    private List<Shape> anyOf(List<Claim> claims) {
        List<Shape> all = new ArrayList<>();
        if (evaluations == 0) {
            claims.forEach(claim -> all.addAll(expand(claim)));
            return all;
        }
        if (claims.size() > MOST_SUBSETS) {
            throw SchemaNode.refuse(
                    claims.get(0).place(),
                    "beside unevaluatedProperties and unevaluatedItems, anyOf must have at most " + MOST_SUBSETS
                            + " schemas",
                    null);
        }
        for (int subset = 1; subset < 1 << claims.size(); subset++) {
            List<Shape> joined = any();
            for (int i = 0; i < claims.size(); i++) {
                if ((subset & 1 << i) != 0) {
                    joined = both(joined, expand(claims.get(i)), claims.get(i).place());
                }
            }
            all.addAll(joined);
        }
        return all;
    }

    /** One fits, and no other one. Of those that exclude each other anyway, none must be negated. */
    private List<Shape> oneOf(List<Claim> claims) {
        List<Shape> all = new ArrayList<>();
        for (int i = 0; i < claims.size(); i++) {
            Claim one = claims.get(i);
            List<Shape> alone = copies(expand(one));
            for (int j = 0; j < claims.size() && !alone.isEmpty(); j++) {
                if (i != j) {
                    alone = without(alone, claims.get(j));
                }
            }
            all.addAll(alone);
            requireFew(all, one.place());
        }
        return all;
    }

    /** The shapes without the values of a claim. Those that exclude it stay as they are. */
    private List<Shape> without(List<Shape> shapes, Claim claim) {
        List<Shape> others = expand(claim);
        List<Shape> left = new ArrayList<>();
        for (Shape shape : shapes) {
            boolean isApart = others.stream().allMatch(other -> {
                effort.spend(shape.size() + other.size());
                if (EnumSet.copyOf(shape.kinds).removeAll(other.kinds)) {
                    Shape joined = shape.copy();
                    joined.add(other);
                    return !checks.isPossible(joined);
                }
                return true;
            });
            left.addAll(
                    isApart
                            ? List.of(shape)
                            : both(new ArrayList<>(List.of(shape)), not(claim.negated()), claim.place()));
            requireFew(left, claim.place());
        }
        return left;
    }

    private static List<Shape> copies(List<Shape> shapes) {
        List<Shape> copies = new ArrayList<>();
        shapes.forEach(shape -> copies.add(shape.copy()));
        return copies;
    }

    /** The condition and {@code then}, or its contrary and {@code else}; the contrary of this if {@code isTrue} is false. */
    private List<Shape> conditional(SchemaNode node, boolean isTrue) {
        Claim condition = claim(node, "if");
        List<Shape> all = new ArrayList<>();
        for (String branch : List.of("then", "else")) {
            boolean isThen = branch.equals("then");
            if (!isTrue && !node.has(branch)) {
                continue;
            }
            List<Shape> shapes = copies(isThen ? expand(condition) : not(condition.negated()));
            if (node.has(branch)) {
                Claim end = claim(node, branch);
                shapes = both(shapes, isTrue ? expand(end) : not(end.negated()), end.place());
            }
            all.addAll(shapes);
        }
        return all;
    }

    private static Shape objectWith(String name) {
        Shape shape = ofKind(Kind.OBJECT);
        shape.required.add(name);
        return shape;
    }

    private static Shape without(String name) {
        Shape shape = new Shape();
        shape.property(name, Claim.NEVER);
        return shape;
    }

    /** No property of a name, or one and what depends on it. */
    private List<Shape> dependency(SchemaNode node, String keyword, String name) {
        List<Shape> all = new ArrayList<>(List.of(without(name)));
        all.addAll(dependent(node, keyword, name, true));
        return all;
    }

    private List<Shape> dependent(SchemaNode node, String keyword, String name, boolean isTrue) {
        JsonNode needed = node.object(keyword).get(name);
        String place = SchemaNode.below(node.below(keyword), name);
        List<Shape> all = new ArrayList<>(List.of(objectWith(name)));
        if (!needed.isArray() && !(needed.isTextual() && keyword.equals("dependencies"))) {
            Claim claim = Claim.of(needed, place);
            return both(all, isTrue ? expand(claim) : not(claim.negated()), place);
        }
        List<String> names = needed.isTextual()
                ? List.of(needed.asText())
                : new SchemaNode(node.object(keyword), node.below(keyword)).texts(name);
        if (isTrue) {
            all.get(0).required.addAll(names);
            return all;
        }
        List<Shape> lacking = new ArrayList<>();
        names.forEach(one -> lacking.add(without(one)));
        return both(all, lacking, place);
    }

    /** A keyword that has no alternatives. */
    private void plain(Shape shape, SchemaNode node, String keyword) {
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
                        claim(node, keyword),
                        node.count("minContains", 1),
                        node.count("maxContains", Repeat.UNBOUNDED),
                        node.below(keyword)));
            case "properties" -> properties(shape, node);
            case "patternProperties", "additionalProperties" -> others(shape, node, keyword);
            case "required" -> shape.required.addAll(names(node));
            case "minProperties" -> shape.minProperties = Math.max(shape.minProperties, node.count(keyword, 0));
            case "maxProperties" -> shape.maxProperties = Math.min(shape.maxProperties, node.count(keyword, 0));
            case "propertyNames" -> shape.names.add(claim(node, keyword));
            default -> {}
        }
        Kind kind = kindOf(keyword);
        if (kind != null) {
            shape.spokenOf.add(kind);
        }
    }

    private static @Nullable Kind kindOf(String keyword) {
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

    private static <T> T require(@Nullable T value) {
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

    private static List<String> typeNames(SchemaNode node) {
        JsonNode type = node.get("type");
        return type != null && type.isTextual() ? List.of(type.asText()) : node.texts("type");
    }

    private static EnumSet<Kind> kinds(SchemaNode node) {
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

    private Map<String, JsonNode> values(List<JsonNode> list, SchemaNode node, String keyword) {
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

    private void format(Shape shape, SchemaNode node, boolean isTrue) {
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
    private static @Nullable Bound bound(SchemaNode node, String keyword) {
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
    private static void tuple(Shape shape, SchemaNode node, String keyword) {
        boolean isOld = node.has("items") && node.keywords().get("items").isArray();
        boolean isFirst = keyword.equals("prefixItems") || (keyword.equals("items") && !node.has("prefixItems"));
        if (!isFirst) {
            return;
        }
        String rest = isOld ? "additionalItems" : "items";
        Tuple tuple = new Tuple(
                isOld ? claims(node, "items") : claims(node, "prefixItems"), node.has(rest) ? claim(node, rest) : null);
        shape.tuples.add(tuple);
        shape.evaluatedItems = Math.max(shape.evaluatedItems, tuple.first().size());
        shape.areItemsEvaluated |= tuple.rest() != null;
    }

    private static List<String> names(SchemaNode node) {
        // Draft 3 has it beside each property.
        return node.texts("required");
    }

    private void properties(Shape shape, SchemaNode node) {
        node.object("properties").properties().forEach(entry -> {
            Claim value = Claim.of(entry.getValue(), SchemaNode.below(node.below("properties"), entry.getKey()));
            shape.property(entry.getKey(), value.isAlways() ? null : value);
            if (evaluations > 0) {
                shape.evaluatedNames.add(entry.getKey());
            }
        });
        shape.hasProperties |= node.object("properties").size() > 0;
    }

    private static List<PatternProperty> patterns(SchemaNode node) {
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
        Claim additional = node.has("additionalProperties") ? claim(node, "additionalProperties") : null;
        Set<String> named = new HashSet<>();
        node.object("properties").fieldNames().forEachRemaining(named::add);
        shape.others.add(new Others(named, patterns, additional));
        patterns.forEach(one -> shape.evaluatedPatterns.put(one.pattern(), one));
        shape.areNamesEvaluated |= additional != null;
    }

    private static void unevaluated(Shape shape, SchemaNode node) {
        if (node.has("unevaluatedProperties")) {
            shape.spokenOf.add(Kind.OBJECT);
            if (!shape.areNamesEvaluated) {
                List<PatternProperty> patterns = shape.evaluatedPatterns.values().stream()
                        .map(one -> new PatternProperty(one.pattern(), one.place(), Claim.NEVER.negated()))
                        .toList();
                shape.others.add(
                        new Others(Set.copyOf(shape.evaluatedNames), patterns, claim(node, "unevaluatedProperties")));
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
                shape.tuples.add(new Tuple(first, claim(node, "unevaluatedItems")));
                shape.areItemsEvaluated = true;
            }
        }
    }

    /** The values that a schema does not fit: those that one of its keywords does not fit. */
    private List<Shape> notFitting(SchemaNode node) {
        if (index.hidesBesideReferences() && node.has("$ref")) {
            return expand(index.target(node, "$ref").negated());
        }
        List<Shape> all = new ArrayList<>();
        for (String keyword : (Iterable<String>) node.keywords()::fieldNames) {
            effort.spend(1);
            all.addAll(notFitting(node, keyword));
            requireFew(all, node.place());
        }
        if (node.truth("nullable")) {
            all = copies(all);
            all.forEach(shape -> shape.kinds.remove(Kind.NULL));
        }
        return all;
    }

    private List<Shape> notFitting(SchemaNode node, String keyword) {
        Shape shape = new Shape();
        Kind kind = kindOf(keyword);
        if (kind != null) {
            shape.kinds.retainAll(EnumSet.of(kind));
            shape.isTyped = true;
        }
        switch (keyword) {
            case "type" -> {
                return notOfType(node);
            }
            case "enum" -> shape.excluded.putAll(values(node.list("enum"), node, "enum"));
            case "const" -> shape.excluded.putAll(values(List.of(node.keywords().get("const")), node, "const"));
            case "minLength" -> shape.maxLength = node.count(keyword, 0) - 1;
            case "maxLength" -> shape.minLength = node.count(keyword, 0) + 1;
            case "pattern" ->
                shape.patterns.add(new StringRule(require(node.text(keyword)), node.below(keyword), false));
            case "format" -> {
                format(shape, node, false);
                if (shape.formats.isEmpty()) {
                    return List.of();
                }
            }
            case "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum" -> {
                Bound bound = bound(node, keyword);
                if (bound == null) {
                    return List.of();
                }
                Bound outside = new Bound(bound.value(), !bound.isReached());
                if (keyword.endsWith("inimum")) {
                    shape.most(outside);
                } else {
                    shape.least(outside);
                }
            }
            case "multipleOf" ->
                shape.multiples.add(new Multiple(require(node.number(keyword)), node.below(keyword), false));
            case "minItems" -> shape.maxItems = node.count(keyword, 0) - 1;
            case "maxItems" -> shape.minItems = node.count(keyword, 0) + 1;
            case "minProperties" -> shape.maxProperties = node.count(keyword, 0) - 1;
            case "maxProperties" -> shape.minProperties = node.count(keyword, 0) + 1;
            case "required" -> {
                List<Shape> lacking = new ArrayList<>();
                for (String name : names(node)) {
                    Shape one = ofKind(Kind.OBJECT);
                    one.property(name, Claim.NEVER);
                    lacking.add(one);
                }
                return lacking;
            }
            case "properties" -> {
                List<Shape> wrong = new ArrayList<>();
                for (var entry : node.object("properties").properties()) {
                    Shape one = objectWith(entry.getKey());
                    one.property(
                            entry.getKey(),
                            Claim.of(entry.getValue(), SchemaNode.below(node.below("properties"), entry.getKey()))
                                    .negated());
                    wrong.add(one);
                }
                return wrong;
            }
            case "items", "prefixItems", "additionalItems" -> {
                return notTuple(node, keyword);
            }
            case "contains" -> {
                return notContaining(node);
            }
            case "$ref", "$recursiveRef", "$dynamicRef" -> {
                return expand(index.target(node, keyword).negated());
            }
            case "allOf" -> {
                List<Shape> all = new ArrayList<>();
                claims(node, keyword).forEach(one -> all.addAll(expand(one.negated())));
                return all;
            }
            case "anyOf" -> {
                List<Shape> all = any();
                for (Claim one : claims(node, keyword)) {
                    all = both(all, expand(one.negated()), one.place());
                }
                return all;
            }
            case "oneOf" -> {
                return notOneOf(claims(node, keyword));
            }
            case "not" -> {
                return expand(claim(node, "not"));
            }
            case "if" -> {
                return conditional(node, false);
            }
            case "dependencies", "dependentRequired", "dependentSchemas" -> {
                List<Shape> all = new ArrayList<>();
                node.object(keyword)
                        .fieldNames()
                        .forEachRemaining(name -> all.addAll(dependent(node, keyword, name, false)));
                return all;
            }
            case "uniqueItems" -> {
                if (!node.truth(keyword)) {
                    return List.of();
                }
                throw notHeld(node, keyword);
            }
            case "patternProperties", "additionalProperties", "propertyNames" -> {
                return notOthers(node, keyword);
            }
            case "unevaluatedProperties", "unevaluatedItems" -> throw notHeld(node, keyword);
            default -> {
                return List.of();
            }
        }
        return List.of(shape);
    }

    private static IllegalArgumentException notHeld(SchemaNode node, String keyword) {
        return node.refuse(keyword, "must not stand within 'not', 'if' or 'oneOf', whose contrary is needed");
    }

    private List<Shape> notOfType(SchemaNode node) {
        Shape other = new Shape();
        other.kinds.removeAll(kinds(node));
        other.isTyped = true;
        List<Shape> all = new ArrayList<>();
        if (!other.kinds.isEmpty()) {
            all.add(other);
        }
        if (kinds(node).contains(Kind.NUMBER) && !typeNames(node).contains("number")) {
            Shape broken = ofKind(Kind.NUMBER);
            broken.isNoInteger = true;
            broken.isPlain = index.hasPlainIntegers();
            all.add(broken);
        }
        return all;
    }

    private List<Shape> notTuple(SchemaNode node, String keyword) {
        Shape positive = new Shape();
        tuple(positive, node, keyword);
        List<Shape> all = new ArrayList<>();
        for (Tuple tuple : positive.tuples) {
            List<Claim> before = new ArrayList<>();
            for (Claim one : tuple.first()) {
                Shape wrong = ofKind(Kind.ARRAY);
                List<Claim> first = new ArrayList<>(before);
                first.add(one.negated());
                wrong.tuples.add(new Tuple(first, null));
                wrong.minItems = first.size();
                all.add(wrong);
                before.add(Claim.NEVER.negated());
            }
            Claim rest = tuple.rest();
            if (rest != null && !rest.isAlways()) {
                Shape wrong = ofKind(Kind.ARRAY);
                if (rest.isNever()) {
                    wrong.minItems = before.size() + 1;
                } else if (before.isEmpty()) {
                    wrong.contains.add(new Contains(rest.negated(), 1, Repeat.UNBOUNDED, rest.place()));
                } else {
                    throw notHeld(node, keyword);
                }
                all.add(wrong);
            }
        }
        return all;
    }

    private static List<Shape> notContaining(SchemaNode node) {
        Claim element = claim(node, "contains");
        int min = node.count("minContains", 1);
        int max = node.count("maxContains", Repeat.UNBOUNDED);
        List<Shape> all = new ArrayList<>();
        if (min > 0) {
            Shape few = ofKind(Kind.ARRAY);
            if (min == 1) {
                few.tuples.add(new Tuple(List.of(), element.negated()));
            } else {
                few.contains.add(new Contains(element, 0, min - 1, node.below("contains")));
            }
            all.add(few);
        }
        if (max < Repeat.UNBOUNDED) {
            Shape many = ofKind(Kind.ARRAY);
            many.contains.add(new Contains(element, max + 1, Repeat.UNBOUNDED, node.below("contains")));
            all.add(many);
        }
        return all;
    }

    /** Some property has another value, or another name, than it is said. */
    private static List<Shape> notOthers(SchemaNode node, String keyword) {
        Set<String> named = new HashSet<>();
        node.object("properties").fieldNames().forEachRemaining(named::add);
        String place = node.below(keyword);
        Others any = new Others(Set.of(), List.of(), null);
        List<Some> wrong = new ArrayList<>();
        switch (keyword) {
            case "patternProperties" ->
                patterns(node)
                        .forEach(one ->
                                wrong.add(new Some(one, any, null, one.value().negated(), place)));
            case "additionalProperties" ->
                wrong.add(new Some(
                        null,
                        new Others(named, patterns(node), null),
                        null,
                        claim(node, keyword).negated(),
                        place));
            default -> wrong.add(new Some(null, any, claim(node, keyword).negated(), Claim.NEVER.negated(), place));
        }
        List<Shape> all = new ArrayList<>();
        for (Some one : wrong) {
            if (!one.value().isNever()) {
                Shape shape = ofKind(Kind.OBJECT);
                shape.some.add(one);
                all.add(shape);
            }
        }
        return all;
    }

    private List<Shape> notOneOf(List<Claim> claims) {
        List<Shape> all = any();
        for (Claim one : claims) {
            all = both(all, expand(one.negated()), one.place());
        }
        for (int i = 0; i < claims.size(); i++) {
            for (int j = 0; j < i; j++) {
                all.addAll(both(
                        copies(expand(claims.get(i))),
                        expand(claims.get(j)),
                        claims.get(j).place()));
                requireFew(all, claims.get(i).place());
            }
        }
        return all;
    }
}
