package org.lora4j.text.grammar.internal;

import java.util.BitSet;
import java.util.function.ToLongFunction;

/** One byte of a set, or one token that is no text. */
final class OneByte extends Expression {
    private final BitSet bytes;

    OneByte(ExpressionFactory all, BitSet bytes) {
        super(all, true, false, 1);
        this.bytes = bytes;
    }

    @Override
    Expression derive(int value) {
        return bytes.get(value) ? all.empty() : all.never();
    }

    @Override
    boolean computeNullable() {
        return false;
    }

    /** Whether the set has one byte, and no token that is no text. */
    boolean isSingle() {
        return bytes.cardinality() == 1 && !isToken();
    }

    /** Whether it is a token that is no text. */
    boolean isToken() {
        return first() >= ByteGroups.BYTES;
    }

    int first() {
        return bytes.nextSetBit(0);
    }

    @Override
    long measure(ToLongFunction<Expression> ofPart) {
        return all.groups().isTyped(bytes) ? 1 : NO_END;
    }
}
