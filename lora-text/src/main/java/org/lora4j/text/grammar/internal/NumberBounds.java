package org.lora4j.text.grammar.internal;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decimal numbers without exponents within bounds, digit by digit. The result is intersected with the form of the numbers. */
final class NumberBounds {
    private final Expressions all;
    private final JsonForms forms;

    NumberBounds(Expressions all, JsonForms forms) {
        this.all = all;
        this.forms = forms;
    }

    /** A bound, which numbers may reach or not. */
    record Bound(BigDecimal value, boolean isReached) {
        Bound negated() {
            return new Bound(value.negate(), isReached);
        }

        /** Returns whether it is zero and cannot be reached. */
        boolean excludesZero() {
            return value.signum() == 0 && !isReached;
        }
    }

    Expression atLeast(Bound bound) {
        if (bound.value().signum() < 0) {
            return all.or(any(), all.concat(all.literal("-"), largeAtMost(bound.negated())));
        }
        return largeAtLeast(bound);
    }

    Expression atMost(Bound bound) {
        if (bound.value().signum() < 0 || bound.excludesZero()) {
            return all.concat(all.literal("-"), largeAtLeast(bound.negated()));
        }
        return all.or(all.concat(all.literal("-"), any()), largeAtMost(bound));
    }

    /** Any number without a sign. */
    private Expression any() {
        return all.concat(forms.natural(Repeat.UNBOUNDED), anyFraction());
    }

    private Expression anyFraction() {
        return forms.fraction(Repeat.UNBOUNDED);
    }

    private static String whole(Bound bound) {
        return bound.value().toBigInteger().toString();
    }

    /** The digits behind the point, without zeros at the end. */
    private static String fraction(Bound bound) {
        BigDecimal fraction = bound.value().remainder(BigDecimal.ONE).stripTrailingZeros();
        return fraction.signum() == 0 ? "" : fraction.toPlainString().substring(2);
    }

    private Expression largeAtLeast(Bound bound) {
        String whole = whole(bound);
        Expression more = all.concat(forms.digit('1'), all.repeat(forms.digit('0'), whole.length(), Repeat.UNBOUNDED));
        return all.or(
                all.concat(all.or(more, sameLength(whole, true)), anyFraction()),
                all.concat(all.literal(whole), fractionAtLeast(fraction(bound), bound.isReached())));
    }

    private Expression largeAtMost(Bound bound) {
        String whole = whole(bound);
        Expression less = whole.length() == 1 ? all.never() : forms.natural(whole.length() - 1);
        return all.or(
                all.concat(all.or(less, sameLength(whole, false)), anyFraction()),
                all.concat(all.literal(whole), fractionAtMost(fraction(bound), bound.isReached())));
    }

    /** Whole numbers with as many digits, which are greater or less. */
    private Expression sameLength(String whole, boolean isGreater) {
        List<Expression> options = new ArrayList<>();
        for (int i = 0; i < whole.length(); i++) {
            char least = i == 0 && whole.length() > 1 ? '1' : '0';
            Expression other = beside(whole.charAt(i), isGreater, least);
            options.add(all.sequence(
                    all.literal(whole.substring(0, i)),
                    other,
                    forms.digits(whole.length() - i - 1, whole.length() - i - 1)));
        }
        return all.or(options);
    }

    private Expression beside(char digit, boolean isGreater, char least) {
        BitSet digits = new BitSet();
        for (char c = isGreater ? (char) (digit + 1) : least; c <= '9' && (isGreater || c < digit); c++) {
            digits.set(c);
        }
        return all.oneOf(digits);
    }

    private Expression anyDigits(int min) {
        return forms.digits(min, Repeat.UNBOUNDED);
    }

    private Expression zeros() {
        return all.repeat(all.literal("0"), 0, Repeat.UNBOUNDED);
    }

    private Expression fractionAtLeast(String digits, boolean isReached) {
        if (digits.isEmpty() && isReached) {
            return anyFraction();
        }
        List<Expression> options = new ArrayList<>();
        for (int i = 0; i < digits.length(); i++) {
            options.add(all.sequence(
                    all.literal(digits.substring(0, i)), beside(digits.charAt(i), true, '0'), anyDigits(0)));
        }
        Expression behind = isReached ? anyDigits(0) : all.sequence(anyDigits(0), forms.digit('1'), anyDigits(0));
        options.add(all.concat(all.literal(digits), behind));
        return all.concat(all.literal("."), all.or(options));
    }

    private Expression fractionAtMost(String digits, boolean isReached) {
        List<Expression> options = new ArrayList<>();
        for (int i = 0; i < digits.length(); i++) {
            options.add(all.sequence(
                    all.literal(digits.substring(0, i)), beside(digits.charAt(i), false, '0'), anyDigits(0)));
            if (i > 0) {
                options.add(all.literal(digits.substring(0, i)));
            }
        }
        if (isReached) {
            Expression same =
                    all.concat(all.literal(digits), digits.isEmpty() ? all.concat(all.literal("0"), zeros()) : zeros());
            options.add(same);
        }
        Expression fraction = all.concat(all.literal("."), all.or(options));
        return isReached || !digits.isEmpty() ? all.optional(fraction) : all.never();
    }

    /** The numbers of a form that are within bounds. */
    Expression within(Expression form, @Nullable Bound least, @Nullable Bound most) {
        List<Expression> parts = new ArrayList<>(List.of(form));
        if (least != null) {
            parts.add(atLeast(least));
        }
        if (most != null) {
            parts.add(atMost(most));
        }
        return all.and(parts);
    }
}
