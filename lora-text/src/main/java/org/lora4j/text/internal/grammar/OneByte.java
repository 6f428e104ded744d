package org.lora4j.text.internal.grammar;

import java.util.BitSet;

/** One byte of a set. */
final class OneByte extends Expression {
    private final BitSet bytes;

    OneByte(Expressions all, BitSet bytes) {
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

    @Override
    long computeShortest() {
        return all.isTyped(bytes) ? 1 : NO_END;
    }
}
