package org.lora4j.example.mnist;

import java.util.NoSuchElementException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Indices to draw one after the other, each once until the pool is refilled: in the given order or in random ones. */
final class IndexPool {
    private final int[] indices;
    private final @Nullable RandomGenerator random;
    private int drawn;

    private IndexPool(int[] indices, @Nullable RandomGenerator random) {
        this.indices = indices.clone();
        this.random = random;
        shuffle();
    }

    /** A pool that always gives the indices as they come. */
    static IndexPool inOrder(int[] indices) {
        return new IndexPool(indices, null);
    }

    /** A pool that gives the indices in a new order after each refill. */
    static IndexPool shuffled(int[] indices, RandomGenerator random) {
        return new IndexPool(indices, random);
    }

    /** How many indices are left until a refill. */
    int remaining() {
        return indices.length - drawn;
    }

    /**
     * The next index.
     *
     * @throws NoSuchElementException if none is left
     */
    int draw() {
        if (remaining() == 0) {
            throw new NoSuchElementException("all " + indices.length + " indices of the pool are drawn");
        }
        return indices[drawn++];
    }

    /** Puts all indices back. A pool from which nothing was drawn stays as it is, so a needless refill changes nothing. */
    void refill() {
        if (drawn > 0) {
            drawn = 0;
            shuffle();
        }
    }

    /** Fisher and Yates' shuffle. */
    private void shuffle() {
        if (random == null) {
            return;
        }
        for (int i = indices.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int index = indices[i];
            indices[i] = indices[j];
            indices[j] = index;
        }
    }
}
