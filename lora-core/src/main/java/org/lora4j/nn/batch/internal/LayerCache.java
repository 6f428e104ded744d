package org.lora4j.nn.batch.internal;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.math.RowMath;
import org.lora4j.nn.layer.SelfAttention;

/**
 * Keys and values of the tokens of one sequence in one attention, on the heap. The keys of a head are stored by dimension, so
 * that the products of a query with all of them are loops over the tokens; its values are stored by token. Each loop begins at
 * the first element of an array, because the JVM vectorizes such loops best.
 *
 * <p>With a window, the cache holds a token and those that it sees. The next one takes the place of the first of them, so the
 * order of the places is not that of the tokens; sums over them do not need it.
 *
 * @param <A> {@code float[]} or {@code double[]}
 */
public final class LayerCache<A> {
    private final RowMath<A> math;
    private final int groups;
    private final int size;

    /** The most tokens that it holds. */
    private final int places;

    /** For each head and each dimension, a number of each token. */
    private final List<A> keys = new ArrayList<>();

    /** For each head, the vectors of the tokens. */
    private final List<List<A>> values = new ArrayList<>();

    private int capacity;

    LayerCache(SelfAttention layer, RowMath<A> math) {
        this.math = math;
        groups = layer.keyValueHeads();
        size = layer.headSize();
        places = places(layer);
        for (int i = 0; i < groups; i++) {
            values.add(new ArrayList<>());
        }
        for (int i = 0; i < groups * size; i++) {
            keys.add(math.array(0));
        }
    }

    private static int places(SelfAttention layer) {
        return layer.window() == SelfAttention.NO_WINDOW ? Integer.MAX_VALUE : layer.window() + 1;
    }

    /** The number of the tokens that it holds of a sequence: the last ones. */
    public int held(int tokens) {
        return Math.min(tokens, places);
    }

    /** Whether it still holds what the token after some of those that were written sees. */
    boolean holds(int written, int tokens) {
        return written <= places || tokens >= written - 1;
    }

    private int place(int token) {
        return token % places;
    }

    /** The memory of a number of tokens, in bytes. */
    static long bytes(SelfAttention layer, long tokens, int bytesPerNumber) {
        return Math.min(tokens, places(layer)) * 2 * layer.keyValueHeads() * layer.headSize() * bytesPerNumber;
    }

    /** Makes room for a number of tokens. What is there stays. */
    void grow(int sequence) {
        int tokens = held(sequence);
        keys.replaceAll(known -> {
            A larger = math.array(tokens);
            math.copy(known, 0, larger, 0, capacity);
            return larger;
        });
        for (List<A> vectors : values) {
            while (vectors.size() < tokens) {
                vectors.add(math.array(size));
            }
        }
        capacity = tokens;
    }

    /** Sets the key of a token, after the rotation. */
    public void putKey(int group, int token, A key) {
        int place = place(token);
        for (int d = 0; d < size; d++) {
            math.copy(key, d, keys.get(group * size + d), place, 1);
        }
    }

    public void putValue(int group, int token, A value) {
        math.copy(value, 0, values.get(group).get(place(token)), 0, size);
    }

    /** The keys of tokens that follow each other, token by token. */
    public void keys(int group, int first, int count, A target) {
        forEachRun(first, count, (place, at, run) -> {
            for (int d = 0; d < size; d++) {
                math.spread(keys.get(group * size + d), place, target, at * size + d, size, run);
            }
        });
    }

    /** The values of tokens that follow each other. */
    public void values(int group, int first, int count, A target) {
        for (int i = 0; i < count; i++) {
            math.copy(values.get(group).get(place(first + i)), 0, target, i * size, size);
        }
    }

    /**
     * Copies tokens that follow each other, without those that a window has left out.
     *
     * @param from the first token
     * @param to the token behind the last one
     * @param written the most tokens that were written
     */
    LayerBlock<A> copy(int from, int to, int written) {
        int first = Math.min(to, Math.max(from, written - places));
        int count = to - first;
        LayerBlock<A> block =
                new LayerBlock<>(first, count, math.array(keys.size() * count), math.array(keys.size() * count));
        forEachRun(first, count, (place, at, run) -> {
            for (int i = 0; i < keys.size(); i++) {
                math.copy(keys.get(i), place, block.keys(), i * count + at, run);
            }
        });
        for (int i = 0; i < groups * count; i++) {
            math.copy(values.get(i / count).get(place(first + i % count)), 0, block.values(), i * size, size);
        }
        return block;
    }

    /** Writes tokens that were copied. */
    void paste(List<LayerBlock<A>> blocks) {
        // Number by number: what is written lies together.
        for (int i = 0; i < keys.size(); i++) {
            for (LayerBlock<A> block : blocks) {
                int at = i * block.count();
                A target = keys.get(i);
                forEachRun(
                        block.first(),
                        block.count(),
                        (place, from, run) -> math.copy(block.keys(), at + from, target, place, run));
            }
        }
        for (LayerBlock<A> block : blocks) {
            int count = block.count();
            for (int i = 0; i < groups * count; i++) {
                math.copy(
                        block.values(), i * size, values.get(i / count).get(place(block.first() + i % count)), 0, size);
            }
        }
    }

    /** The first token that the one behind some tokens sees. */
    int firstSeen(int tokens) {
        return Math.max(0, tokens + 1 - places);
    }

    /** Tokens whose places follow each other. */
    @FunctionalInterface
    private interface Run {
        void accept(int place, int at, int run);
    }

    private void forEachRun(int first, int count, Run action) {
        int at = 0;
        while (at < count) {
            int place = place(first + at);
            int run = Math.min(count - at, places - place);
            action.accept(place, at, run);
            at += run;
        }
    }

    /** {@code scores = K·q} for the tokens in the first places. */
    public void scores(int group, A query, A scores, int tokens) {
        math.clear(scores, tokens);
        addScaled(query, size, keys.subList(group * size, (group + 1) * size), scores, tokens);
    }

    /** {@code context = Vᵀ·w} for the tokens in the first places. */
    public void mix(int group, A weights, A context, int tokens) {
        math.clear(context, size);
        addScaled(weights, tokens, values.get(group), context, size);
    }

    /** {@code y += Σ s[i]·x[i]}. */
    private void addScaled(A s, int count, List<A> x, A y, int n) {
        int i = 0;
        for (; i + 3 < count; i += 4) {
            math.addFourScaled(s, i, x.get(i), x.get(i + 1), x.get(i + 2), x.get(i + 3), y, n);
        }
        for (; i < count; i++) {
            math.addScaled(math.get(s, i), x.get(i), y, n);
        }
    }
}
