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

    private final RowMath<A> math;
    private final HeadRows<A> queryRows;
    private final HeadRows<A> keyRows;
    private final HeadRows<A> valueRows;
    private final int groupSize;
    private final int size;
    private final double scale;
    private final A vector;
    private A weights;

    CachedRows(
            SelfAttention layer, HeadRows<A> queryRows, HeadRows<A> keyRows, HeadRows<A> valueRows, RowMath<A> math) {
        this.math = math;
        this.queryRows = queryRows;
        this.keyRows = keyRows;
        this.valueRows = valueRows;
        groupSize = layer.heads() / layer.keyValueHeads();
        size = layer.headSize();
        scale = 1 / Math.sqrt(size);
        vector = math.array(size);
        weights = math.array(0);
    }

    /**
     * Adds the keys and values of n tokens to the cache, and computes their heads of one group.
     *
     * @param past the number of tokens in the cache
     * @param first the row of the first new token
     */
    void forward(LayerCache<A> cache, int group, int past, int first, int n, HeadInputs all, HeadColumns context) {
        if (math.length(weights) < past + n) {
            weights = math.array(2 * (past + n));
        }
        for (int i = 0; i < n; i++) {
            cache.putKey(group, past + i, keyRows.of(all.keys(), first, i, group));
            cache.putValue(group, past + i, valueRows.of(all.values(), first, i, group));
        }
        for (int head = group * groupSize; head < (group + 1) * groupSize; head++) {
            for (int i = 0; i < n; i++) {
                int seen = past + i + 1;
                A query = queryRows.of(all.queries(), first, i, head);
                math.scale(scale, query, size);
                cache.scores(group, query, weights, seen);
                math.softmax(weights, seen);
                cache.mix(group, weights, vector, seen);
                math.write(context.memory(), context.position(first + i, head), vector, size);
            }
        }
    }

    /**
     * Copies the tokens of the cache to the first rows of two matrices, and the n rows after them to the cache.
     *
     * @param keys {@code [past + n, d]}
     * @param values {@code [past + n, d]}
     */
    void exchange(LayerCache<A> cache, int group, int past, int n, ArrayMemory keys, ArrayMemory values) {
        for (int i = 0; i < past; i++) {
            cache.key(group, i, vector);
            math.write(keys, i * size, vector, size);
            cache.value(group, i, vector);
            math.write(values, i * size, vector, size);
        }
        for (int i = past; i < past + n; i++) {
            math.read(keys, i * size, vector, size);
            cache.putKey(group, i, vector);
            math.read(values, i * size, vector, size);
            cache.putValue(group, i, vector);
        }
    }
}
