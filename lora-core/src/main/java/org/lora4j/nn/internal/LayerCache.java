package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.layer.CausalSelfAttention;

/**
 * Keys and values of the tokens of one sequence in one attention, on the heap. The keys of a head are stored by dimension, so
 * that the products of a query with all of them are loops over the tokens; its values are stored by token.
 *
 * @param <A> {@code float[]} or {@code double[]}
 */
final class LayerCache<A> {
    private final RowMath<A> math;
    private final int groups;
    private final int size;

    /** For each head and each dimension, a number of each token. */
    private final List<A> keys = new ArrayList<>();

    /** For each head, the vectors of the tokens, one after the other. */
    private final List<A> values = new ArrayList<>();

    private int capacity;

    LayerCache(CausalSelfAttention layer, RowMath<A> math) {
        this.math = math;
        groups = layer.keyValueHeads();
        size = layer.headSize();
        for (int i = 0; i < groups; i++) {
            values.add(math.array(0));
        }
        for (int i = 0; i < groups * size; i++) {
            keys.add(math.array(0));
        }
    }

    /** Makes room for a number of tokens. What is there stays. */
    void grow(int tokens) {
        keys.replaceAll(known -> copy(known, capacity, tokens));
        values.replaceAll(known -> copy(known, capacity * size, tokens * size));
        capacity = tokens;
    }

    private A copy(A source, int length, int newLength) {
        A target = math.array(newLength);
        math.copy(source, 0, target, 0, length);
        return target;
    }

    /** Sets the key of a token, after the rotation. */
    void putKey(int group, int token, A key) {
        for (int d = 0; d < size; d++) {
            math.copy(key, d, keys.get(group * size + d), token, 1);
        }
    }

    void putValue(int group, int token, A value) {
        math.copy(value, 0, values.get(group), token * size, size);
    }

    void key(int group, int token, A target) {
        for (int d = 0; d < size; d++) {
            math.copy(keys.get(group * size + d), token, target, d, 1);
        }
    }

    void value(int group, int token, A target) {
        math.copy(values.get(group), token * size, target, 0, size);
    }

    /** {@code scores = s·K·q} for the first tokens. */
    void scores(int group, double s, A query, A scores, int tokens) {
        math.clear(scores, tokens);
        for (int d = 0; d < size; d++) {
            math.addScaled(s * math.get(query, d), keys.get(group * size + d), scores, tokens);
        }
    }

    /** {@code context = Vᵀ·w} for the first tokens. */
    void mix(int group, A weights, A context, int tokens) {
        math.clear(context, size);
        A all = values.get(group);
        for (int i = 0; i < tokens; i++) {
            math.addScaled(math.get(weights, i), all, i * size, context, size);
        }
    }
}
