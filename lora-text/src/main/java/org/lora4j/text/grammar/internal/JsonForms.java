package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The parts of JSON texts. There may be one space behind each {@code ':'} and {@code ','}, and no other white space. A string has
 * one form.
 */
final class JsonForms {
    /** A number of so many digits fits in 64 bits. */
    static final int MOST_DIGITS = 18;

    private static final int MOST_DIGITS_OF_EXPONENT = 2;
    private static final String VALUE = "any JSON value";

    private final Expressions all;
    private final Spelling spelling;

    JsonForms(Expressions all) {
        this.all = all;
        spelling = Spelling.json(all);
    }

    Spelling spelling() {
        return spelling;
    }

    private Expression space() {
        return all.optional(all.literal(" "));
    }

    Expression comma() {
        return all.concat(all.literal(","), space());
    }

    Expression colon() {
        return all.concat(all.literal(":"), space());
    }

    /** A string with a content in the spelling of JSON. */
    Expression string(Expression content) {
        return all.sequence(all.literal("\""), content, all.literal("\""));
    }

    Expression anyString() {
        return string(spelling.any());
    }

    Expression digits(int min, int max) {
        return all.repeat(digit('0'), min, max);
    }

    Expression digit(char first) {
        BitSet digits = new BitSet();
        digits.set(first, '9' + 1);
        return all.oneOf(digits);
    }

    Expression minus() {
        return all.optional(all.literal("-"));
    }

    /** A whole number of at most so many digits, without a sign and without zeros before it. */
    Expression natural(int most) {
        return all.or(all.literal("0"), all.concat(digit('1'), digits(0, most - 1)));
    }

    /** A point and digits, or nothing. */
    Expression fraction(int most) {
        return most == 0 ? all.empty() : all.optional(all.concat(all.literal("."), digits(1, most)));
    }

    Expression integer() {
        return all.or(all.literal("0"), all.sequence(minus(), digit('1'), digits(0, MOST_DIGITS - 1)));
    }

    Expression number() {
        Expression sign = all.optional(all.or(all.literal("+"), all.literal("-")));
        Expression exponent =
                all.sequence(all.or(all.literal("e"), all.literal("E")), sign, digits(1, MOST_DIGITS_OF_EXPONENT));
        return all.sequence(minus(), natural(MOST_DIGITS), fraction(MOST_DIGITS), all.optional(exponent));
    }

    /** Any JSON value. */
    Expression value() {
        Rule rule = all.rule(JsonForms.class, VALUE);
        if (!rule.isDefined()) {
            Expression inner = all.reference(rule);
            rule.define(all.or(
                    object(
                            List.of(),
                            all.repeat(all.concat(comma(), pair(anyString(), inner)), 0, Repeat.UNBOUNDED),
                            pair(anyString(), inner)),
                    array(inner, 0, Repeat.UNBOUNDED),
                    anyString(),
                    number(),
                    all.literal("true"),
                    all.literal("false"),
                    all.literal("null")));
        }
        return all.reference(rule);
    }

    Expression pair(Expression key, Expression value) {
        return all.sequence(key, colon(), value);
    }

    /** Elements of one kind. */
    Expression array(Expression element, int min, int max) {
        return all.sequence(all.literal("["), elements(element, min, max), all.literal("]"));
    }

    Expression elements(Expression element, int min, int max) {
        if (min > max) {
            return all.never();
        }
        if (max == 0) {
            return all.empty();
        }
        int more = max == Repeat.UNBOUNDED ? max : max - 1;
        Expression some = all.concat(element, all.repeat(all.concat(comma(), element), Math.max(0, min - 1), more));
        return min == 0 ? all.optional(some) : some;
    }

    /** A property of an object in its place. */
    record Property(Expression pair, boolean isRequired) {}

    /**
     * An object whose properties come in their order.
     *
     * @param further further properties, each with a comma before it; may be empty
     * @param first one further property
     */
    Expression object(List<Property> properties, Expression further, Expression first) {
        Expression afterOthers = further;
        List<Expression> asFirst = new ArrayList<>();
        asFirst.add(further == all.empty() ? all.empty() : all.optional(all.concat(first, further)));
        for (int i = properties.size() - 1; i >= 0; i--) {
            Property property = properties.get(i);
            if (property.isRequired()) {
                asFirst.clear();
            }
            asFirst.add(all.concat(property.pair(), afterOthers));
            Expression one = all.concat(comma(), property.pair());
            afterOthers = all.concat(property.isRequired() ? one : all.optional(one), afterOthers);
        }
        return all.sequence(all.literal("{"), all.or(asFirst), all.literal("}"));
    }

    /** One value. */
    Expression literal(JsonNode value) {
        if (value.isTextual()) {
            return string(spelling.text(value.asText()));
        }
        if (value.isArray()) {
            List<Expression> parts = new ArrayList<>(List.of(all.literal("[")));
            for (JsonNode element : value) {
                if (parts.size() > 1) {
                    parts.add(comma());
                }
                parts.add(literal(element));
            }
            parts.add(all.literal("]"));
            return all.sequence(parts);
        }
        if (value.isObject()) {
            List<Property> properties = new ArrayList<>();
            value.properties()
                    .forEach(entry -> properties.add(new Property(
                            pair(string(spelling.text(entry.getKey())), literal(entry.getValue())), true)));
            return object(properties, all.empty(), all.empty());
        }
        return all.literal(value.toString());
    }
}
