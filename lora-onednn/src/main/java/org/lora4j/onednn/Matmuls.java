package org.lora4j.onednn;

import java.util.Map;
import java.util.function.Function;
import org.lora4j.internal.memory.Recent;

/**
 * The code that was generated last, for all weights. To generate code for a new number of rows takes about a millisecond, so
 * it is kept. Weights of the same size share it. Thread-safe.
 */
final class Matmuls {
    /** As many as oneDNN's own cache keeps. */
    static final int KEPT = 1024;

    /**
     * What the code depends on.
     *
     * @param rowStride the number of elements from one row of the result to the next
     * @param addsBias whether a bias is added to each row of the result
     */
    record Key(Kind kind, long n, long k, long m, long rowStride, boolean addsBias) {}

    private final Map<Key, Matmul> kept = new Recent<>(KEPT);

    Matmul get(Key key, Function<Key, Matmul> create) {
        synchronized (kept) {
            Matmul known = kept.get(key);
            if (known != null) {
                return known;
            }
        }
        // Others must not wait for this. If two threads generate the same code, one is dropped.
        Matmul created = create.apply(key);
        synchronized (kept) {
            Matmul other = kept.putIfAbsent(key, created);
            return other == null ? created : other;
        }
    }

    int size() {
        synchronized (kept) {
            return kept.size();
        }
    }
}
