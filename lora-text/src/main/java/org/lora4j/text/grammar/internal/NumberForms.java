package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.internal.NumberBounds.Bound;
import org.lora4j.text.grammar.internal.Shape.Multiple;
import org.lora4j.text.grammar.internal.Shape.StringRule;

/** The texts of the numbers of a shape. */
final class NumberForms {
    /** The whole numbers of Java that are smaller than those that are written anyway, by the names that OpenAPI gives them. */
    private static final Map<String, Integer> BITS = Map.of("int8", 8, "int16", 16, "int32", 32);

    private static final int MOST_DIVISOR = 10_000;

    private final Expressions all;
    private final JsonForms forms;
    private final NumberBounds bounds;
    private final boolean isShortest;

    /**
     * Creates an instance.
     *
     * @param isShortest whether whole numbers have no fraction
     */
    NumberForms(Expressions all, JsonForms forms, boolean isShortest) {
        this.all = all;
        this.forms = forms;
        this.isShortest = isShortest;
        bounds = new NumberBounds(all, forms);
    }

    /** Whether a format is one of whole numbers. */
    static boolean isFormat(String name) {
        return BITS.containsKey(name);
    }

    /** The texts of one number. */
    Expression literal(JsonNode value) {
        Expression text = all.literal(value.toString());
        if (isShortest) {
            return text;
        }
        BigDecimal number = value.decimalValue();
        if (number.precision() > forms.mostDigits() || Math.abs(number.scale()) > forms.mostDigits()) {
            return text;
        }
        String plain = number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
        Expression zeros = all.repeat(all.literal("0"), 0, forms.mostDigits());
        Expression behind = plain.contains(".") ? zeros : all.optional(all.sequence(all.literal(".0"), zeros));
        Expression sign = number.signum() == 0 ? forms.minus() : all.empty();
        return all.or(text, all.sequence(sign, all.literal(plain), behind));
    }

    private Expression zeros() {
        return all.optional(all.sequence(all.literal("."), all.repeat(all.literal("0"), 1, forms.mostDigits())));
    }

    Expression of(Shape shape) {
        Bound least = shape.least;
        Bound most = shape.most;
        boolean isInteger = shape.isInteger;
        for (StringRule format : shape.formats) {
            Integer bits = isInteger && format.isTrue() ? BITS.get(format.text()) : null;
            if (bits != null) {
                BigInteger end = BigInteger.ONE.shiftLeft(bits - 1);
                Shape within = new Shape();
                within.least(least);
                within.most(most);
                within.least(new Bound(new BigDecimal(end.negate()), true));
                within.most(new Bound(new BigDecimal(end.subtract(BigInteger.ONE)), true));
                least = within.least;
                most = within.most;
            }
        }
        List<Expression> conditions = new ArrayList<>();
        if (!shape.excluded.isEmpty()) {
            List<Expression> excluded = new ArrayList<>();
            shape.excluded.values().stream().filter(JsonNode::isNumber).forEach(value -> excluded.add(anyForm(value)));
            if (!excluded.isEmpty()) {
                conditions.add(all.not(all.or(excluded)));
            }
        }
        boolean isSigned = isZero(least) && most == null;
        boolean isPlain = !isInteger
                && !shape.isNoInteger
                && shape.multiples.isEmpty()
                && conditions.isEmpty()
                && (least == null || isSigned)
                && most == null;
        if (isPlain) {
            return least == null ? forms.number() : notNegative(least);
        }
        int whole = forms.mostDigits();
        int fraction = isInteger ? 0 : forms.mostDigits();
        for (Bound bound : new Bound[] {least, most}) {
            if (bound != null) {
                whole = Math.max(
                        whole, bound.value().toBigInteger().abs().toString().length());
                fraction = isInteger ? 0 : Math.max(fraction, bound.value().scale());
            }
        }
        for (Multiple multiple : shape.multiples) {
            BigDecimal unit = multiple.of().stripTrailingZeros();
            int scale = Math.max(0, unit.scale());
            BigInteger divisor = unit.movePointRight(scale).toBigInteger();
            if (divisor.signum() <= 0
                    || divisor.compareTo(BigInteger.valueOf(MOST_DIVISOR)) > 0
                    || scale > forms.mostDigits()) {
                throw SchemaNode.refuse(
                        multiple.place(),
                        "must be a number above 0 whose digits are those of a whole number up to " + MOST_DIVISOR,
                        TextNode.valueOf(multiple.of().toString()));
            }
            if (isInteger && multiple.isTrue() && isMultiple(BigDecimal.ONE, unit)) {
                continue;
            }
            if (multiple.isTrue()) {
                fraction = Math.min(fraction, scale);
            }
            if (!divisor.equals(BigInteger.ONE) || !multiple.isTrue()) {
                Expression multiples = all.concat(forms.minus(), all.multiples(divisor.intValueExact(), scale));
                conditions.add(multiple.isTrue() ? multiples : all.not(multiples));
            }
        }
        if (isInteger && !isShortest && !shape.isPlain && least == null && most == null && conditions.isEmpty()) {
            return all.sequence(forms.minus(), forms.natural(whole), zeros(), forms.tenfold());
        }
        Expression behind =
                fraction > 0 ? forms.fraction(fraction) : isShortest || shape.isPlain ? all.empty() : zeros();
        Expression sign = forms.minus();
        if (isInteger && isShortest && least == null && most == null && conditions.isEmpty()) {
            return forms.integer();
        }
        conditions.add(bounds.within(all.sequence(sign, forms.natural(whole), behind), least, most));
        if (shape.isNoInteger) {
            conditions.add(all.not(all.sequence(sign, forms.natural(whole), shape.isPlain ? all.empty() : zeros())));
        }
        return all.and(conditions);
    }

    /** All texts of a number that have no exponent. */
    private Expression anyForm(JsonNode value) {
        BigDecimal number = value.decimalValue();
        if (Math.abs(number.scale()) > forms.mostDigits()) {
            return all.literal(value.toString());
        }
        return new NumberForms(all, forms, false).literal(value);
    }

    private static boolean isMultiple(BigDecimal number, BigDecimal of) {
        return number.remainder(of).signum() == 0;
    }

    private static boolean isZero(@Nullable Bound bound) {
        return bound != null && bound.value().signum() == 0;
    }

    /** Numbers from zero, with exponents. */
    private Expression notNegative(Bound least) {
        Expression nothing = all.sequence(forms.minus(), all.literal("0"), zeros());
        return least.isReached()
                ? all.or(nothing, forms.unsigned())
                : all.and(forms.unsigned(), all.not(forms.unsignedZero()));
    }
}
