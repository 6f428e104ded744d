package org.lora4j.text.tokens.internal;

import java.util.Arrays;

/** Tokens, one after the other. */
final class TokenList {
    private int[] ids = new int[64];
    private int size;

    void add(int id) {
        if (size == ids.length) {
            ids = Arrays.copyOf(ids, 2 * size);
        }
        ids[size++] = id;
    }

    int size() {
        return size;
    }

    int get(int at) {
        return ids[at];
    }

    /** Removes the last tokens. */
    void cut(int length) {
        size = length;
    }

    int[] toArray() {
        return Arrays.copyOf(ids, size);
    }
}
