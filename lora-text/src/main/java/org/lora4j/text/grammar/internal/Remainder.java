package org.lora4j.text.grammar.internal;

/** The digits that make a number a multiple of a divisor, after digits with a known remainder. */
final class Remainder extends Searched {
    private static final int BASE = 10;

    private final int divisor;

    /** How many digits behind the point the divisor counts, less those that were there; others must be 0. */
    private final int left;

    private final int remainder;
    private final boolean isFraction;

    Remainder(ExpressionFactory all, int divisor, int left, int remainder, boolean isFraction) {
        super(all, 1);
        this.divisor = divisor;
        this.left = left;
        this.remainder = remainder;
        this.isFraction = isFraction;
    }

    @Override
    Expression derive(int value) {
        if (value == '.') {
            return isFraction ? all.never() : all.remainder(divisor, left, remainder, true);
        }
        if (value < '0' || value > '9') {
            return all.never();
        }
        if (!isFraction) {
            return all.remainder(divisor, left, appended(remainder, value - '0'), false);
        }
        if (left == 0) {
            return value == '0' ? this : all.never();
        }
        return all.remainder(divisor, left - 1, appended(remainder, value - '0'), true);
    }

    private int appended(int before, int digit) {
        return (int) (((long) before * BASE + digit) % divisor);
    }

    @Override
    boolean computeNullable() {
        int whole = remainder;
        for (int i = 0; i < left; i++) {
            whole = appended(whole, 0);
        }
        return whole == 0;
    }

    @Override
    long lowerBound() {
        return isNullable() ? 0 : 1;
    }
}
