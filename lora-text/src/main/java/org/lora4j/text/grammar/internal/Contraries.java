package org.lora4j.text.grammar.internal;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.lora4j.text.grammar.internal.NumberBounds.Bound;
import org.lora4j.text.grammar.internal.Shape.Contains;
import org.lora4j.text.grammar.internal.Shape.Kind;
import org.lora4j.text.grammar.internal.Shape.Multiple;
import org.lora4j.text.grammar.internal.Shape.Others;
import org.lora4j.text.grammar.internal.Shape.Some;
import org.lora4j.text.grammar.internal.Shape.StringRule;
import org.lora4j.text.grammar.internal.Shape.Tuple;

/** The values that schemas do not fit, as alternatives: what {@code not}, {@code else} and {@code oneOf} need. */
final class Contraries {
    private final SchemaExpansion expansion;
    private final PlainKeywords plain;
    private final SchemaIndex index;
    private final Effort effort;

    Contraries(SchemaExpansion expansion, PlainKeywords plain, SchemaIndex index, Effort effort) {
        this.expansion = expansion;
        this.plain = plain;
        this.index = index;
        this.effort = effort;
    }

    /** The values that a schema does not fit: those that one of its keywords does not fit. */
    List<Shape> of(SchemaNode node) {
        if (index.hidesBesideReferences() && node.has("$ref")) {
            return expansion.expand(index.target(node, "$ref").negated());
        }
        List<Shape> all = new ArrayList<>();
        for (String keyword : (Iterable<String>) node.keywords()::fieldNames) {
            effort.spend(1);
            all.addAll(of(node, keyword));
            SchemaExpansion.requireFew(all, node.place());
        }
        if (node.truth("nullable")) {
            all = SchemaExpansion.copies(all);
            all.forEach(shape -> shape.kinds.remove(Kind.NULL));
        }
        return all;
    }

    private List<Shape> of(SchemaNode node, String keyword) {
        Shape shape = new Shape();
        Kind kind = PlainKeywords.kindOf(keyword);
        if (kind != null) {
            shape.kinds.retainAll(EnumSet.of(kind));
            shape.isTyped = true;
        }
        switch (keyword) {
            case "type" -> {
                return notOfType(node);
            }
            case "enum" -> shape.excluded.putAll(plain.values(node.list("enum"), node, "enum"));
            case "const" ->
                shape.excluded.putAll(plain.values(List.of(node.keywords().get("const")), node, "const"));
            case "minLength" -> shape.maxLength = node.count(keyword, 0) - 1;
            case "maxLength" -> shape.minLength = node.count(keyword, 0) + 1;
            case "pattern" ->
                shape.patterns.add(
                        new StringRule(PlainKeywords.require(node.text(keyword)), node.below(keyword), false));
            case "format" -> {
                plain.format(shape, node, false);
                if (shape.formats.isEmpty()) {
                    return List.of();
                }
            }
            case "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum" -> {
                Bound bound = PlainKeywords.bound(node, keyword);
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
                shape.multiples.add(
                        new Multiple(PlainKeywords.require(node.number(keyword)), node.below(keyword), false));
            case "minItems" -> shape.maxItems = node.count(keyword, 0) - 1;
            case "maxItems" -> shape.minItems = node.count(keyword, 0) + 1;
            case "minProperties" -> shape.maxProperties = node.count(keyword, 0) - 1;
            case "maxProperties" -> shape.minProperties = node.count(keyword, 0) + 1;
            case "required" -> {
                List<Shape> lacking = new ArrayList<>();
                for (String name : PlainKeywords.names(node)) {
                    Shape one = Shape.of(Kind.OBJECT);
                    one.property(name, Claim.NEVER);
                    lacking.add(one);
                }
                return lacking;
            }
            case "properties" -> {
                List<Shape> wrong = new ArrayList<>();
                for (var entry : node.object("properties").properties()) {
                    Shape one = Shape.withProperty(entry.getKey());
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
                return expansion.expand(index.target(node, keyword).negated());
            }
            case "allOf" -> {
                List<Shape> all = new ArrayList<>();
                Claim.allOf(node, keyword).forEach(one -> all.addAll(expansion.expand(one.negated())));
                return all;
            }
            case "anyOf" -> {
                List<Shape> all = SchemaExpansion.any();
                for (Claim one : Claim.allOf(node, keyword)) {
                    all = expansion.both(all, expansion.expand(one.negated()), one.place());
                }
                return all;
            }
            case "oneOf" -> {
                return notOneOf(Claim.allOf(node, keyword));
            }
            case "not" -> {
                return expansion.expand(Claim.of(node, "not"));
            }
            case "if" -> {
                return expansion.conditional(node, false);
            }
            case "dependencies", "dependentRequired", "dependentSchemas" -> {
                List<Shape> all = new ArrayList<>();
                node.object(keyword)
                        .fieldNames()
                        .forEachRemaining(name -> all.addAll(expansion.dependent(node, keyword, name, false)));
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
        other.kinds.removeAll(PlainKeywords.kinds(node));
        other.isTyped = true;
        List<Shape> all = new ArrayList<>();
        if (!other.kinds.isEmpty()) {
            all.add(other);
        }
        if (PlainKeywords.kinds(node).contains(Kind.NUMBER)
                && !PlainKeywords.typeNames(node).contains("number")) {
            Shape broken = Shape.of(Kind.NUMBER);
            broken.isNoInteger = true;
            broken.isPlain = index.hasPlainIntegers();
            all.add(broken);
        }
        return all;
    }

    private List<Shape> notTuple(SchemaNode node, String keyword) {
        Shape positive = new Shape();
        PlainKeywords.tuple(positive, node, keyword);
        List<Shape> all = new ArrayList<>();
        for (Tuple tuple : positive.tuples) {
            List<Claim> before = new ArrayList<>();
            for (Claim one : tuple.first()) {
                Shape wrong = Shape.of(Kind.ARRAY);
                List<Claim> first = new ArrayList<>(before);
                first.add(one.negated());
                wrong.tuples.add(new Tuple(first, null));
                wrong.minItems = first.size();
                all.add(wrong);
                before.add(Claim.NEVER.negated());
            }
            Claim rest = tuple.rest();
            if (rest != null && !rest.isAlways()) {
                Shape wrong = Shape.of(Kind.ARRAY);
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
        Claim element = Claim.of(node, "contains");
        int min = node.count("minContains", 1);
        int max = node.count("maxContains", Repeat.UNBOUNDED);
        List<Shape> all = new ArrayList<>();
        if (min > 0) {
            Shape few = Shape.of(Kind.ARRAY);
            if (min == 1) {
                few.tuples.add(new Tuple(List.of(), element.negated()));
            } else {
                few.contains.add(new Contains(element, 0, min - 1, node.below("contains")));
            }
            all.add(few);
        }
        if (max < Repeat.UNBOUNDED) {
            Shape many = Shape.of(Kind.ARRAY);
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
                PlainKeywords.patterns(node)
                        .forEach(one ->
                                wrong.add(new Some(one, any, null, one.value().negated(), place)));
            case "additionalProperties" ->
                wrong.add(new Some(
                        null,
                        new Others(named, PlainKeywords.patterns(node), null),
                        null,
                        Claim.of(node, keyword).negated(),
                        place));
            default -> wrong.add(new Some(null, any, Claim.of(node, keyword).negated(), Claim.NEVER.negated(), place));
        }
        List<Shape> all = new ArrayList<>();
        for (Some one : wrong) {
            if (!one.value().isNever()) {
                Shape shape = Shape.of(Kind.OBJECT);
                shape.some.add(one);
                all.add(shape);
            }
        }
        return all;
    }

    private List<Shape> notOneOf(List<Claim> claims) {
        List<Shape> all = SchemaExpansion.any();
        for (Claim one : claims) {
            all = expansion.both(all, expansion.expand(one.negated()), one.place());
        }
        for (int i = 0; i < claims.size(); i++) {
            for (int j = 0; j < i; j++) {
                all.addAll(expansion.both(
                        SchemaExpansion.copies(expansion.expand(claims.get(i))),
                        expansion.expand(claims.get(j)),
                        claims.get(j).place()));
                SchemaExpansion.requireFew(all, claims.get(i).place());
            }
        }
        return all;
    }
}
