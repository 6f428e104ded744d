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

    /** The products with a smaller weight take about as long as the call. */
    static final long LEAST_ELEMENTS = 50_000;

    /** oneDNN pads short rows and columns. A copy that is more times larger than the weight is not worth its memory. */
    private static final long MOST_PADDING = 2;

    private final boolean packsAll;

    /**
     * What the code depends on.
     *
     * @param rowStride the number of elements from one row of the result to the next
     * @param addsBias whether a bias is added to each row of the result
     */
    record Key(Kind kind, long n, long k, long m, long rowStride, boolean addsBias) {}

    private final Map<Key, Matmul> kept = new Recent<>(KEPT);

    /**
     * Creates a store without code.
     *
     * @param packsAll whether weights are packed whatever that takes
     */
    Matmuls(boolean packsAll) {
        this.packsAll = packsAll;
    }

    /** Whether a block of so many elements, of a weight of so many, is packed in this form. */
    boolean packs(Matmul.Packing packing, long elements, long elementsOfWeight, Kind kind) {
        return packsAll
                || (packing.isFast()
                        && elementsOfWeight >= LEAST_ELEMENTS
                        && packing.bytes() <= MOST_PADDING * elements * kind.weightBytes());
    }

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
