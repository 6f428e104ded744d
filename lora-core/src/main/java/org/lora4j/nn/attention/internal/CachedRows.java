package org.lora4j.nn.attention.internal;

import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.batch.internal.LayerCache;
import org.lora4j.nn.layer.SelfAttention;

/**
 * The heads of a causal attention for a few tokens whose predecessors are in a cache, such as the one token of each step of a
 * generation. Loops on the heap read the cache where it is.
 */
final class CachedRows<A> {
    /** For more tokens, products with a copy of the cache take less time. */
    static final int MOST = 4;

    /** So many vectors are copied at a time, which the cache of a processor holds. */
    private static final int COPIED = 32;

    private final RowMath<A> math;
    private final HeadRows<A> queryRows;
    private final HeadRows<A> keyRows;
    private final HeadRows<A> valueRows;
    private final int groupSize;
    private final int size;
    private final double scale;
    private final double softcap;
    private final A vector;
    private final A vectors;
    private A weights;

    CachedRows(
            SelfAttention layer, HeadRows<A> queryRows, HeadRows<A> keyRows, HeadRows<A> valueRows, RowMath<A> math) {
        this.math = math;
        this.queryRows = queryRows;
        this.keyRows = keyRows;
        this.valueRows = valueRows;
        groupSize = layer.heads() / layer.keyValueHeads();
        size = layer.headSize();
        scale = layer.scale();
        softcap = layer.softcap();
        vector = math.array(size);
        vectors = math.array(COPIED * size);
        weights = math.array(0);
    }

    /**
     * Adds the keys and values of n tokens to the cache, and computes their heads of one group.
     *
     * @param past the number of tokens in the cache
     * @param first the row of the first new token
     */
    void forward(
            LayerCache<A> cache, int group, int past, int first, int n, HeadColumns.Inputs all, HeadColumns context) {
        if (math.length(weights) < past + n) {
            weights = math.array(2 * (past + n));
        }
        for (int i = 0; i < n; i++) {
            // One after the other: with a window, the key of a token takes the place of one that only those before it
            // see.
            cache.putKey(group, past + i, keyRows.of(all.keys(), first, i, group));
            cache.putValue(group, past + i, valueRows.of(all.values(), first, i, group));
            int seen = cache.held(past + i + 1);
            for (int head = group * groupSize; head < (group + 1) * groupSize; head++) {
                A query = queryRows.of(all.queries(), first, i, head);
                math.scale(scale, query, size);
                cache.scores(group, query, weights, seen);
                if (softcap != SelfAttention.NO_SOFTCAP) {
                    math.softcap(weights, weights, softcap, seen);
                }
                math.softmax(weights, seen);
                cache.mix(group, weights, vector, seen);
                math.write(context.memory(), context.position(first + i, head), vector, size);
            }
        }
    }

    /**
     * Copies the last tokens of the cache to the first rows of two matrices, and the rows after them to the cache.
     *
     * @param past the number of tokens before the new ones
     * @param seen how many of them are copied
     * @param n the number of new tokens
     * @param keys {@code [seen + n, d]}
     * @param values {@code [seen + n, d]}
     */
    void exchange(LayerCache<A> cache, int group, int past, int seen, int n, ArrayMemory keys, ArrayMemory values) {
        int first = past - seen;
        for (int i = 0; i < seen; i += COPIED) {
            int count = Math.min(COPIED, seen - i);
            cache.keys(group, first + i, count, vectors);
            math.write(keys, i * size, vectors, count * size);
            cache.values(group, first + i, count, vectors);
            math.write(values, i * size, vectors, count * size);
        }
        for (int i = seen; i < seen + n; i++) {
            math.read(keys, i * size, vector, size);
            cache.putKey(group, first + i, vector);
            math.read(values, i * size, vector, size);
            cache.putValue(group, first + i, vector);
        }
    }
}
