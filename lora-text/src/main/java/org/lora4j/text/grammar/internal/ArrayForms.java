package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.lora4j.text.grammar.internal.Shape.Contains;
import org.lora4j.text.grammar.internal.Shape.Tuple;

/** The texts of the arrays of a shape. */
final class ArrayForms {
    /** Each set of used values is a state of its own. */
    private static final int MOST_DISTINCT = 10;

    /** So many numbers of elements and of those that fit are told apart. */
    private static final int MOST_STATES = 5_000;

    private static final int MOST_CONTAINS = 3;

    private final Expressions all;
    private final JsonForms forms;
    private final SchemaExpansion expansion;
    private final Function<List<Claim>, Expression> goal;
    private final Function<JsonNode, Expression> literal;

    ArrayForms(
            Expressions all,
            JsonForms forms,
            SchemaExpansion expansion,
            Function<List<Claim>, Expression> goal,
            Function<JsonNode, Expression> literal) {
        this.all = all;
        this.forms = forms;
        this.expansion = expansion;
        this.goal = goal;
        this.literal = literal;
    }

    Expression of(Shape shape) {
        int min = shape.minItems;
        int max = shape.maxItems;
        if (min > max) {
            return all.never();
        }
        if (shape.distinct != null && max > 1) {
            return distinct(shape, shape.distinct);
        }
        if (!shape.contains.isEmpty()) {
            return new Containing(shape).array();
        }
        int first = first(shape);
        Expression element = goal.apply(claims(shape, first));
        int most = element == all.never() ? Math.min(max, first) : max;
        int fixed = Math.min(first, most);
        if (fixed == 0) {
            return forms.array(element, min, most);
        }
        if (min > most) {
            return all.never();
        }
        int more = most == Repeat.UNBOUNDED ? most : most - fixed;
        Expression rest = all.repeat(all.concat(forms.comma(), element), Math.max(0, min - fixed), more);
        for (int i = fixed - 1; i >= 0; i--) {
            Expression one = goal.apply(claims(shape, i));
            rest = all.concat(i == 0 ? one : all.concat(forms.comma(), one), rest);
            rest = i >= min ? all.optional(rest) : rest;
        }
        return all.sequence(all.literal("["), rest, all.literal("]"));
    }

    /** How many first elements have claims of their own. */
    private static int first(Shape shape) {
        return shape.tuples.stream()
                .mapToInt(tuple -> tuple.first().size())
                .max()
                .orElse(0);
    }

    private static List<Claim> claims(Shape shape, int index) {
        List<Claim> claims = new ArrayList<>();
        for (Tuple tuple : shape.tuples) {
            Claim claim = tuple.at(index);
            if (claim != null) {
                claims.add(claim);
            }
        }
        return claims;
    }

    /** Arrays some of whose elements must fit. */
    private final class Containing {
        private final Shape shape;
        private final List<Contains> parts;

        /** From here on all elements have the same claims, and their number is of no effect. */
        private final int end;

        private final Map<List<Integer>, Expression> known = new HashMap<>();

        Containing(Shape shape) {
            this.shape = shape;
            parts = shape.contains;
            end = shape.maxItems < Repeat.UNBOUNDED ? shape.maxItems : Math.max(first(shape), shape.minItems) + 1;
            long states = end + 1L;
            for (Contains one : parts) {
                states *= 2L + counted(one);
                if (parts.size() > MOST_CONTAINS || states > MOST_STATES) {
                    throw SchemaNode.refuse(
                            one.place(),
                            "arrays must have at most " + MOST_STATES
                                    + " numbers of elements and of those that fit, and at most " + MOST_CONTAINS
                                    + " 'contains'",
                            null);
                }
            }
        }

        /** Up to here the elements that fit are counted. */
        private static int counted(Contains one) {
            return one.max() < Repeat.UNBOUNDED ? one.max() : one.min();
        }

        Expression array() {
            List<Integer> counts = new ArrayList<>();
            parts.forEach(one -> counts.add(0));
            return all.sequence(all.literal("["), from(0, counts), all.literal("]"));
        }

        /** What may follow on so many elements, of which so many fit. */
        private Expression from(int index, List<Integer> counts) {
            List<Integer> key = new ArrayList<>(counts);
            key.add(index);
            Expression found = known.get(key);
            if (found == null) {
                found = compute(index, counts);
                known.put(key, found);
            }
            return found;
        }

        private Expression compute(int index, List<Integer> counts) {
            boolean isBounded = shape.maxItems < Repeat.UNBOUNDED;
            boolean isEnd = index == end;
            boolean canEnd = index >= shape.minItems;
            for (int i = 0; i < parts.size(); i++) {
                canEnd &= counts.get(i) >= parts.get(i).min();
            }
            List<Expression> options = new ArrayList<>();
            if (canEnd) {
                options.add(all.empty());
            }
            if (isEnd && isBounded) {
                return all.or(options);
            }
            Expression same = all.never();
            for (int choice = 0; choice < 1 << parts.size(); choice++) {
                List<Claim> claims = claims(shape, index);
                List<Integer> next = new ArrayList<>(counts);
                if (!choose(choice, claims, next)) {
                    continue;
                }
                Expression element = goal.apply(claims);
                Expression one = index == 0 ? element : all.concat(forms.comma(), element);
                if (isEnd && next.equals(counts)) {
                    same = all.or(same, one);
                } else {
                    options.add(all.concat(one, from(isEnd ? index : index + 1, next)));
                }
            }
            return all.concat(all.repeat(same, 0, Repeat.UNBOUNDED), all.or(options));
        }

        /** Whether an element may fit those that the bits of a choice say. Where that is counted no further, it does not matter. */
        private boolean choose(int choice, List<Claim> claims, List<Integer> counts) {
            for (int i = 0; i < parts.size(); i++) {
                Contains one = parts.get(i);
                boolean isChosen = (choice & 1 << i) != 0;
                int count = counts.get(i);
                boolean isFull = count == counted(one);
                if (one.max() == Repeat.UNBOUNDED) {
                    if (isChosen && isFull) {
                        return false;
                    }
                    if (isChosen) {
                        claims.add(one.element());
                    }
                } else {
                    if (isChosen && isFull) {
                        return false;
                    }
                    claims.add(isChosen ? one.element() : one.element().negated());
                }
                counts.set(i, isChosen ? count + 1 : count);
            }
            return true;
        }
    }

    /** Arrays of different values, of which there are few. */
    private Expression distinct(Shape shape, String place) {
        Map<String, JsonNode> different = new LinkedHashMap<>();
        boolean isFew = shape.contains.isEmpty() && first(shape) == 0;
        List<Shape> elements = isFew ? expansion.shapes(claims(shape, 0)) : List.of();
        for (Shape element : elements) {
            Map<String, JsonNode> values = element.values;
            if (values != null) {
                values.forEach((key, value) -> {
                    if (expansion.checks().fits(element, value)) {
                        different.putIfAbsent(key, value);
                    }
                });
            } else {
                isFew = false;
            }
        }
        if (!isFew
                || different.size() > MOST_DISTINCT
                || different.values().stream().anyMatch(JsonNode::isContainerNode)) {
            throw SchemaNode.refuse(
                    place,
                    "must stand beside 'items' with an 'enum' of at most " + MOST_DISTINCT
                            + " simple values, or be false",
                    null);
        }
        List<Expression> values = different.values().stream().map(literal).toList();
        return all.sequence(
                all.literal("["),
                afterUsed(values, 0, shape.minItems, shape.maxItems, new HashMap<>()),
                all.literal("]"));
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
}
