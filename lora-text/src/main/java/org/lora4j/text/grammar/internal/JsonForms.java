package org.lora4j.text.grammar.internal;

import java.util.BitSet;

/**
 * The parts of JSON texts. There may be one space behind each {@code ':'} and {@code ','}, and no other white space. A string has
 * one form.
 */
final class JsonForms {
    /** A number of so many digits fits in 64 bits. */
    static final int DIGITS = 18;

    /** No number of {@code double} has more before the point. */
    static final int MANY_DIGITS = 310;

    private static final String VALUE = "any JSON value";

    private final Expressions all;
    private final Spelling spelling;
    private final int digits;

    /** Creates those whose numbers have up to {@link #DIGITS} digits before and behind the point. */
    JsonForms(Expressions all) {
        this(all, DIGITS);
    }

    /**
     * Creates an instance.
     *
     * @param digits how many digits a number has at most before and behind the point
     */
    JsonForms(Expressions all, int digits) {
        this.all = all;
        this.digits = digits;
        spelling = Spelling.json(all);
    }

    /** How many digits a number has at most before and behind the point. */
    int mostDigits() {
        return digits;
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
        return all.or(all.literal("0"), all.sequence(minus(), digit('1'), digits(0, digits - 1)));
    }

    Expression number() {
        return all.concat(minus(), unsigned());
    }

    /** A number without a sign. */
    Expression unsigned() {
        return all.sequence(natural(digits), fraction(digits), exponent());
    }

    private Expression exponent() {
        Expression sign = all.optional(all.or(all.literal("+"), all.literal("-")));
        return all.optional(
                all.sequence(all.or(all.literal("e"), all.literal("E")), sign, digits(1, digits == DIGITS ? 2 : 3)));
    }

    /** An exponent that makes a number no smaller, or nothing. */
    Expression tenfold() {
        return all.optional(all.sequence(
                all.or(all.literal("e"), all.literal("E")),
                all.optional(all.literal("+")),
                digits(1, digits == DIGITS ? 2 : 3)));
    }

    /** Zero without a sign, in any form. */
    Expression unsignedZero() {
        Expression zeros = all.repeat(all.literal("0"), 1, digits);
        return all.sequence(all.literal("0"), all.optional(all.concat(all.literal("."), zeros)), exponent());
    }

    /** Any JSON value. */
    Expression value() {
        Rule rule = all.rule(JsonForms.class, VALUE + digits);
        if (!rule.isDefined()) {
            Expression inner = all.reference(rule);
            rule.define(all.or(
                    all.sequence(
                            all.literal("{"),
                            elements(pair(anyString(), inner), 0, Repeat.UNBOUNDED),
                            all.literal("}")),
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
}
