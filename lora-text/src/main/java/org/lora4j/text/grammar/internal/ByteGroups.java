package org.lora4j.text.grammar.internal;

import java.util.Arrays;
import java.util.BitSet;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The bytes that the expressions of a grammar tell apart. Bytes that all its sets have or none has are one group, so that a derivative is
 * computed once for all of them. A special or added token is no text of bytes; it is a symbol of its own, behind those of the bytes. Not
 * thread-safe.
 */
final class ByteGroups {
    static final int BYTES = 256;

    private final BitSet typed;
    private final Set<BitSet> sets = new LinkedHashSet<>();
    private int[] groups = new int[0];
    private int[] typedBytes = new int[0];
    private int count;

    /** Begins with the bytes that are tokens. */
    ByteGroups(BitSet typed) {
        this.typed = typed;
    }

    /** Notes that a token that is no text of bytes has a symbol. */
    void addSymbol(int symbol) {
        typed.set(symbol);
    }

    /** Tells the bytes of a set apart from all others. Before {@link #divide}. */
    void add(BitSet bytes) {
        sets.add(bytes);
    }

    /** Divides the bytes, and so many symbols, by the sets. Each set divides the groups of those before. */
    void divide(int symbols, Effort effort) {
        sets.add(typed);
        groups = new int[BYTES + symbols];
        count = 1;
        for (BitSet set : sets) {
            effort.spend(groups.length);
            divide(set);
        }
        sets.clear();
        typedBytes = IntStream.range(0, count)
                .map(group -> IntStream.range(0, groups.length)
                        .filter(value -> groups[value] == group)
                        .findFirst()
                        .orElseThrow())
                .filter(typed::get)
                .toArray();
    }

    /** Numbers the groups in the order of their first bytes. */
    private void divide(BitSet set) {
        int[] numbers = new int[2 * count];
        Arrays.fill(numbers, -1);
        int found = 0;
        for (int value = 0; value < groups.length; value++) {
            int key = 2 * groups[value] + (set.get(value) ? 1 : 0);
            if (numbers[key] < 0) {
                numbers[key] = found;
                found++;
            }
            groups[value] = numbers[key];
        }
        count = found;
    }

    /** The group of a byte or a symbol. */
    int of(int value) {
        return groups[value];
    }

    int count() {
        return count;
    }

    /** One byte of each group whose bytes are tokens. */
    int[] typedBytes() {
        return typedBytes;
    }

    boolean isTyped(BitSet bytes) {
        return bytes.intersects(typed);
    }
}
