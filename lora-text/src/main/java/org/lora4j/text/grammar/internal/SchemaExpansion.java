package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.lora4j.text.grammar.internal.Shape.Kind;

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
    private final PlainKeywords plain;
    private final Contraries contraries;
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
        plain = new PlainKeywords(index, rules, effort, annotations);
        contraries = new Contraries(this, plain, index, effort);
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

    static List<Shape> any() {
        return new ArrayList<>(List.of(new Shape()));
    }

    /** The shapes of what fits one of each. The first ones may be changed. */
    List<Shape> both(List<Shape> first, List<Shape> second, String place) {
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

    static void requireFew(Collection<Shape> shapes, String place) {
        if (shapes.size() > MOST_SHAPES) {
            throw SchemaNode.refuse(
                    place,
                    "the alternatives of schemas that are joined must have at most " + MOST_SHAPES + " parts together",
                    TextNode.valueOf("more"));
        }
    }

    /** The shapes of one claim. */
    List<Shape> expand(Claim claim) {
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
            found = claim.isTrue() ? fitting(node) : contraries.of(node);
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
            all.forEach(shape -> PlainKeywords.unevaluated(shape, node));
        }
        if (node.truth("nullable")) {
            all = new ArrayList<>(all);
            all.add(Shape.of(Kind.NULL));
        }
        return all;
    }

    private List<Shape> withKeyword(List<Shape> all, SchemaNode node, String keyword) {
        return switch (keyword) {
            case "$ref", "$recursiveRef", "$dynamicRef" ->
                both(all, expand(index.target(node, keyword)), node.below(keyword));
            case "allOf" -> {
                List<Shape> joined = all;
                for (Claim part : Claim.allOf(node, keyword)) {
                    joined = both(joined, expand(part), part.place());
                }
                yield joined;
            }
            case "anyOf" -> both(all, anyOf(Claim.allOf(node, keyword)), node.below(keyword));
            case "oneOf" -> both(all, oneOf(Claim.allOf(node, keyword), all), node.below(keyword));
            case "not" -> both(all, not(Claim.of(node, "not").negated()), node.below(keyword));
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
                    plain.add(shape, node, keyword, evaluations > 0);
                });
                yield all;
            }
        };
    }

    /** What is said within {@code not}. */
    private List<Shape> not(Claim negated) {
        return expand(negated).stream().map(shape -> shape.copy().silent()).toList();
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

    /**
     * One fits, and no other one. Of those that exclude each other anyway, none must be negated: {@code required} beside them often says
     * that a property that tells them apart is there.
     */
    private List<Shape> oneOf(List<Claim> claims, List<Shape> beside) {
        List<Shape> all = new ArrayList<>();
        for (int i = 0; i < claims.size(); i++) {
            Claim one = claims.get(i);
            List<Shape> alone = copies(expand(one));
            for (int j = 0; j < claims.size() && !alone.isEmpty(); j++) {
                if (i != j) {
                    alone = without(alone, claims.get(j), beside);
                }
            }
            all.addAll(alone);
            requireFew(all, one.place());
        }
        return all;
    }

    /** The shapes without the values of a claim. Those that exclude it, with what is said beside it, stay as they are. */
    private List<Shape> without(List<Shape> shapes, Claim claim, List<Shape> beside) {
        List<Shape> others = expand(claim);
        List<Shape> left = new ArrayList<>();
        for (Shape shape : shapes) {
            left.addAll(
                    others.stream().allMatch(other -> areApart(shape, other, beside))
                            ? List.of(shape)
                            : both(new ArrayList<>(List.of(shape)), not(claim.negated()), claim.place()));
            requireFew(left, claim.place());
        }
        return left;
    }

    /** Whether it is plain that no value fits both shapes and one of those beside them. */
    private boolean areApart(Shape shape, Shape other, List<Shape> beside) {
        effort.spend(shape.size() + other.size());
        if (!EnumSet.copyOf(shape.kinds).removeAll(other.kinds)) {
            return true;
        }
        Shape joined = shape.copy();
        joined.add(other);
        return !checks.isPossible(joined)
                || beside.stream().noneMatch(more -> {
                    effort.spend(joined.size() + more.size());
                    Shape whole = joined.copy();
                    whole.add(more);
                    return checks.isPossible(whole);
                });
    }

    static List<Shape> copies(List<Shape> shapes) {
        List<Shape> copies = new ArrayList<>();
        shapes.forEach(shape -> copies.add(shape.copy()));
        return copies;
    }

    /** The condition and {@code then}, or its contrary and {@code else}; the contrary of this if {@code isTrue} is false. */
    List<Shape> conditional(SchemaNode node, boolean isTrue) {
        Claim condition = Claim.of(node, "if");
        List<Shape> all = new ArrayList<>();
        for (String branch : List.of("then", "else")) {
            boolean isThen = branch.equals("then");
            if (!isTrue && !node.has(branch)) {
                continue;
            }
            List<Shape> shapes = copies(isThen ? expand(condition) : not(condition.negated()));
            if (node.has(branch)) {
                Claim end = Claim.of(node, branch);
                shapes = both(shapes, isTrue ? expand(end) : not(end.negated()), end.place());
            }
            all.addAll(shapes);
        }
        return all;
    }

    /** No property of a name, or one and what depends on it. */
    private List<Shape> dependency(SchemaNode node, String keyword, String name) {
        List<Shape> all = new ArrayList<>(List.of(Shape.withoutProperty(name)));
        all.addAll(dependent(node, keyword, name, true));
        return all;
    }

    List<Shape> dependent(SchemaNode node, String keyword, String name, boolean isTrue) {
        JsonNode needed = node.object(keyword).get(name);
        String place = SchemaNode.below(node.below(keyword), name);
        List<Shape> all = new ArrayList<>(List.of(Shape.withProperty(name)));
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
        names.forEach(one -> lacking.add(Shape.withoutProperty(one)));
        return both(all, lacking, place);
    }
}
