package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.internal.NumberBounds.Bound;
import org.lora4j.text.grammar.internal.Shape.Contains;
import org.lora4j.text.grammar.internal.Shape.Kind;
import org.lora4j.text.grammar.internal.Shape.Others;
import org.lora4j.text.grammar.internal.Shape.PatternProperty;
import org.lora4j.text.grammar.internal.Shape.Some;
import org.lora4j.text.grammar.internal.Shape.StringRule;
import org.lora4j.text.grammar.internal.Shape.Tuple;

/** Whether a value fits a shape, and whether it is plain that none does. */
final class ShapeChecks {
    /** How deep the values of required properties are compared. */
    private static final int MOST_DEPTH = 3;

    private final SchemaExpansion expansion;
    private final TextMatcher matcher;
    private final Effort effort;
    private final Map<String, Expression> formats = new HashMap<>();
    private int depth;

    ShapeChecks(SchemaExpansion expansion, TextMatcher matcher, Effort effort) {
        this.expansion = expansion;
        this.matcher = matcher;
        this.effort = effort;
    }

    /** Drops the kinds and values that cannot be, as far as that is plain. Returns whether something is left. */
    boolean isPossible(Shape shape) {
        if (shape.minItems > shape.maxItems) {
            shape.kinds.remove(Kind.ARRAY);
        }
        if (shape.minLength > shape.maxLength) {
            shape.kinds.remove(Kind.STRING);
        }
        if ((shape.isInteger && shape.isNoInteger) || isOutOfOrder(shape.least, shape.most)) {
            shape.kinds.remove(Kind.NUMBER);
        }
        if (shape.kinds.contains(Kind.OBJECT) && !canBeObject(shape)) {
            shape.kinds.remove(Kind.OBJECT);
        }
        Map<String, JsonNode> values = shape.values;
        if (values != null) {
            effort.spend(values.size());
            values.values().removeIf(value -> !canFit(shape, value));
        }
        return !shape.kinds.isEmpty() && (values == null || !values.isEmpty());
    }

    private static boolean isOutOfOrder(@Nullable Bound least, @Nullable Bound most) {
        if (least == null || most == null) {
            return false;
        }
        int compared = least.value().compareTo(most.value());
        return compared > 0 || (compared == 0 && !(least.isReached() && most.isReached()));
    }

    private boolean canBeObject(Shape shape) {
        if (Math.max(shape.minProperties, shape.required.size()) > shape.maxProperties) {
            return false;
        }
        for (String name : shape.required) {
            effort.spend(1);
            List<Claim> claims = Claim.reduced(claims(shape, name));
            if (claims.contains(Claim.NEVER) || !canBe(claims)) {
                return false;
            }
        }
        return shape.some.isEmpty() || canHave(shape);
    }

    /** Drops the demands that a required property meets. Returns false if one is left that no name can meet. */
    private boolean canHave(Shape shape) {
        shape.some.removeIf(
                one -> one.value().isAlways() && shape.required.stream().anyMatch(name -> hasName(one, name)));
        boolean isClosed = shape.others.stream()
                .anyMatch(one -> one.patterns().isEmpty()
                        && one.additional() != null
                        && one.additional().isNever());
        return !isClosed
                || shape.some.stream()
                        .allMatch(one -> shape.properties.keySet().stream()
                                .anyMatch(name -> hasName(one, name)
                                        && !Claim.reduced(claims(shape, name)).contains(Claim.NEVER)));
    }

    /** One claim alone is left for later. */
    private boolean canBe(List<Claim> claims) {
        if (claims.size() < 2 || depth == MOST_DEPTH) {
            return true;
        }
        depth++;
        try {
            return !expansion.shapes(claims).isEmpty();
        } catch (IllegalArgumentException e) {
            // It is being expanded, or has what is not supported, which is refused where it is needed.
            return true;
        } finally {
            depth--;
        }
    }

    private boolean canFit(Shape shape, JsonNode value) {
        if (!shape.kinds.contains(kind(value))) {
            return false;
        }
        if (value.isContainerNode() && depth == MOST_DEPTH) {
            return true;
        }
        depth++;
        try {
            return fits(shape, value);
        } catch (IllegalArgumentException e) {
            return true;
        } finally {
            depth--;
        }
    }

    /** What is said of the value of a property. */
    List<Claim> claims(Shape shape, String name) {
        List<Claim> claims = new ArrayList<>(shape.properties.getOrDefault(name, List.of()));
        for (Others others : shape.others) {
            effort.spend(1 + others.patterns().size());
            boolean isNamed = others.named().contains(name);
            for (PatternProperty one : others.patterns()) {
                if (isFound(one.pattern(), one.place(), name)) {
                    claims.add(one.value());
                    isNamed = true;
                }
            }
            Claim additional = others.additional();
            if (!isNamed && additional != null) {
                claims.add(additional);
            }
        }
        return claims;
    }

    private boolean isFound(String pattern, String place, String text) {
        return matcher.has(matcher.pattern(pattern, "JSON Schema, " + place), text);
    }

    static Kind kind(JsonNode value) {
        return switch (value.getNodeType()) {
            case OBJECT -> Kind.OBJECT;
            case ARRAY -> Kind.ARRAY;
            case STRING -> Kind.STRING;
            case NUMBER -> Kind.NUMBER;
            case BOOLEAN -> value.asBoolean() ? Kind.TRUE : Kind.FALSE;
            default -> Kind.NULL;
        };
    }

    /** Whether a value fits all claims. */
    boolean fits(List<Claim> claims, JsonNode value) {
        String key = SchemaValues.key(value);
        return expansion.shapes(claims).stream()
                .anyMatch(shape -> (shape.values == null || shape.values.containsKey(key)) && fits(shape, value));
    }

    private boolean fits(@Nullable Claim claim, JsonNode value) {
        return claim == null || fits(List.of(claim), value);
    }

    /** Whether a value fits a shape, if it is one of its values. */
    boolean fits(Shape shape, JsonNode value) {
        effort.spend(1 + value.size());
        Kind kind = kind(value);
        return shape.kinds.contains(kind)
                && (shape.excluded.isEmpty() || !shape.excluded.containsKey(SchemaValues.key(value)))
                && switch (kind) {
                    case OBJECT -> fitsObject(shape, value);
                    case ARRAY -> fitsArray(shape, value);
                    case STRING -> fitsString(shape, value.asText());
                    case NUMBER -> fitsNumber(shape, value.decimalValue());
                    default -> true;
                };
    }

    private static boolean fitsNumber(Shape shape, BigDecimal number) {
        boolean isInteger = shape.isPlain ? number.scale() <= 0 : isMultiple(number, BigDecimal.ONE);
        return !(shape.isInteger && !isInteger)
                && !(shape.isNoInteger && isInteger)
                && isWithin(shape.least, number, 1)
                && isWithin(shape.most, number, -1)
                && shape.multiples.stream().allMatch(one -> isMultiple(number, one.of()) == one.isTrue());
    }

    private static boolean isMultiple(BigDecimal number, BigDecimal of) {
        return of.signum() != 0 && number.remainder(of).signum() == 0;
    }

    private static boolean isWithin(@Nullable Bound bound, BigDecimal number, int sign) {
        int compared = bound == null ? 1 : sign * number.compareTo(bound.value());
        return compared > 0 || (bound != null && compared == 0 && bound.isReached());
    }

    private boolean fitsString(Shape shape, String text) {
        int length = text.codePointCount(0, text.length());
        if (length < shape.minLength || length > shape.maxLength) {
            return false;
        }
        for (StringRule rule : shape.patterns) {
            if (isFound(rule.text(), rule.place(), text) != rule.isTrue()) {
                return false;
            }
        }
        for (StringRule rule : shape.formats) {
            if (Formats.isKnown(rule.text())
                    && matcher.has(
                                    formats.computeIfAbsent(rule.text(), name -> Formats.of(name, matcher.spelling())),
                                    text)
                            != rule.isTrue()) {
                return false;
            }
        }
        return true;
    }

    private boolean fitsArray(Shape shape, JsonNode array) {
        if (array.size() < shape.minItems || array.size() > shape.maxItems) {
            return false;
        }
        for (Tuple tuple : shape.tuples) {
            for (int i = 0; i < array.size(); i++) {
                if (!fits(tuple.at(i), array.get(i))) {
                    return false;
                }
            }
        }
        for (Contains one : shape.contains) {
            long count = array.valueStream()
                    .filter(element -> fits(one.element(), element))
                    .count();
            if (count < one.min() || count > one.max()) {
                return false;
            }
        }
        if (shape.distinct == null) {
            return true;
        }
        Set<String> keys = new HashSet<>();
        return array.valueStream().allMatch(element -> keys.add(SchemaValues.key(element)));
    }

    private boolean fitsObject(Shape shape, JsonNode object) {
        if (object.size() < shape.minProperties || object.size() > shape.maxProperties) {
            return false;
        }
        if (!shape.required.stream().allMatch(object::has)) {
            return false;
        }
        for (var entry : object.properties()) {
            if (!fits(claims(shape, entry.getKey()), entry.getValue())
                    || !shape.names.stream().allMatch(name -> fits(name, TextNode.valueOf(entry.getKey())))) {
                return false;
            }
        }
        return shape.some.stream()
                .allMatch(some -> object.propertyStream()
                        .anyMatch(entry -> hasName(some, entry.getKey()) && fits(some.value(), entry.getValue())));
    }

    /** Whether a name is one of those that a property must be there of. */
    boolean hasName(Some some, String name) {
        PatternProperty pattern = some.pattern();
        return (pattern == null || isFound(pattern.pattern(), pattern.place(), name))
                && !some.not().named().contains(name)
                && some.not().patterns().stream().noneMatch(one -> isFound(one.pattern(), one.place(), name))
                && fits(some.name(), TextNode.valueOf(name));
    }
}
