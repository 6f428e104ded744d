package org.lora4j.text.grammar.internal;

import java.util.BitSet;
import java.util.List;

/**
 * The properties of an object.
 *
 * @param named those that have a name, each at most once
 * @param required which of them must be there
 * @param other any other one, which may come again
 * @param comma what stands between two of them
 * @param min how many there must be
 * @param max how many there may be; {@link Repeat#UNBOUNDED} for any number
 */
record MemberProperties(List<Expression> named, BitSet required, Expression other, Expression comma, int min, int max) {
    /** From here on their number is of no effect. */
    int counted() {
        return max < Repeat.UNBOUNDED ? max : Math.max(1, min);
    }
}
