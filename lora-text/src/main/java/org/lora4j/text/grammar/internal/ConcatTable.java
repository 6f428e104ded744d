package org.lora4j.text.grammar.internal;

import org.jspecify.annotations.Nullable;

/**
 * The sequences of a grammar by their two parts, which are most of its expressions. A map with keys would have four objects for each,
 * which the garbage collector copies while a grammar is compiled. Not thread-safe.
 */
final class ConcatTable {
    private static final int LEAST_SLOTS = 64;
    private static final int FACTOR = 0x9E3779B1;

    /** At least half of them are empty, so that a search ends soon. */
    private @Nullable Concat[] slots = new Concat[LEAST_SLOTS];

    private int size;

    /** Returns the sequence of two parts, or null if there is none. */
    @Nullable
    Concat get(Expression first, Expression rest) {
        int mask = slots.length - 1;
        for (int at = hash(first, rest) & mask; true; at = (at + 1) & mask) {
            Concat found = slots[at];
            if (found == null || isOf(found, first, rest)) {
                return found;
            }
        }
    }

    @SuppressWarnings("ReferenceEquality") // Equal expressions are the same object.
    private static boolean isOf(Concat found, Expression first, Expression rest) {
        return found.first == first && found.rest == rest;
    }

    /** Adds a sequence that is not there. */
    void add(Concat concat) {
        size++;
        if (2 * size > slots.length) {
            @Nullable Concat[] before = slots;
            slots = new Concat[2 * before.length];
            for (Concat one : before) {
                if (one != null) {
                    put(one);
                }
            }
        }
        put(concat);
    }

    private void put(Concat concat) {
        int mask = slots.length - 1;
        int at = hash(concat.first, concat.rest) & mask;
        while (slots[at] != null) {
            at = (at + 1) & mask;
        }
        slots[at] = concat;
    }

    private static int hash(Expression first, Expression rest) {
        int mixed = (first.id * FACTOR + rest.id) * FACTOR;
        return mixed ^ (mixed >>> 15);
    }
}
