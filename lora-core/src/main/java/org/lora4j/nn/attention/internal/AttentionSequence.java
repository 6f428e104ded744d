package org.lora4j.nn.attention.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.batch.internal.KeyValueCache;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.SelfAttention;

/**
 * A sequence in an attention: which of its tokens are queries, and which keys each of them sees. This is the mask of the
 * attention. A masked token, which comes first, is no key. In an encoder it is a query all the same.
 *
 * @param segments the batch
 * @param segment the number of its segment
 * @param number its number in the batch
 * @param causal whether a token sees only the tokens up to its own
 * @param window how far a token sees: to both sides by positions, or in a causal attention back by tokens
 * @param offset where the attention weights of its first head are kept, if they are
 */
record AttentionSequence(Segments segments, int segment, int number, boolean causal, int window, int offset) {
    Sequences all() {
        return segments.sequences();
    }

    boolean hasMasked() {
        return all().masked(number) > 0;
    }

    /** The row of its first token. */
    int start() {
        return all().start(number);
    }

    /** The number of keys in this batch. */
    int keys() {
        return all().length(number) - all().masked(number);
    }

    /** The row of the first key. */
    int firstKey() {
        return start() + all().masked(number);
    }

    int queries() {
        return causal ? keys() : all().length(number);
    }

    /** The row of the first query. */
    int firstQuery() {
        return causal ? firstKey() : start();
    }

    /** The number of tokens before those of this batch, of which only keys and values are known. */
    int past() {
        KeyValueCache cache = cache();
        return cache == null ? 0 : cache.length();
    }

    /** The number of those whose keys the queries see: the last ones. */
    int pastKeys() {
        return Math.min(past(), window);
    }

    @Nullable
    KeyValueCache cache() {
        return causal ? segments.cache(number) : null;
    }

    boolean hasWindow() {
        return window != SelfAttention.NO_WINDOW;
    }

    /** The first key that the i-th query sees, of {@link #pastKeys} and {@link #keys}. */
    int firstSeen(int i) {
        if (causal) {
            return Math.max(0, pastKeys() + i - window);
        }
        return hasWindow() ? firstKeyFrom((long) position(i) - window) : 0;
    }

    /** The key behind the last one that the i-th query sees. */
    int endSeen(int i) {
        if (causal) {
            return pastKeys() + i + 1;
        }
        return hasWindow() ? firstKeyFrom((long) position(i) + window + 1) : keys();
    }

    private int position(int i) {
        return all().position(firstQuery() + i);
    }

    /** The first key from a position on. Positions increase. */
    private int firstKeyFrom(long position) {
        int low = 0;
        int high = keys();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (all().position(firstKey() + middle) < position) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The attention weights of a head, roughly. */
    double weights() {
        double n = queries();
        return n * (causal ? Math.min(pastKeys() + n / 2, window + 1.0) : Math.min(keys(), 2.0 * window + 1));
    }
}
