package org.lora4j.text.grammar.internal;

/** The digits that make a number a multiple of a divisor, after digits with a known remainder. */
final class Remainder extends Searched {
    private static final int BASE = 10;

    private final int divisor;
    private final int remainder;

    Remainder(Expressions all, int divisor, int remainder) {
        super(all, 1);
        this.divisor = divisor;
        this.remainder = remainder;
    }

    @Override
    Expression derive(int value) {
        return value >= '0' && value <= '9'
                ? all.remainder(divisor, (remainder * BASE + value - '0') % divisor)
                : all.never();
    }

    @Override
    boolean computeNullable() {
        return remainder == 0;
    }

    @Override
    long lowerBound() {
        return isNullable() ? 0 : 1;
    }
}
