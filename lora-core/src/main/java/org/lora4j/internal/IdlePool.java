package org.lora4j.internal;

import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Supplier;

/**
 * Objects that are expensive to create, belong to one thread at a time and are used again. As many as are needed exist at
 * the same time, but only a few idle ones are kept, so that a peak does not hold its memory for good. Thread-safe.
 *
 * @param <T> the type of the objects
 */
public final class IdlePool<T> {
    private final Supplier<? extends T> create;
    private final Queue<T> idle = new ArrayBlockingQueue<>(maxIdle());

    /**
     * Creates an empty pool.
     *
     * @param create creates an object when none is idle
     */
    public IdlePool(Supplier<? extends T> create) {
        this.create = create;
    }

    /**
     * Returns how many idle objects are kept at most: twice as many as can compute at the same time.
     *
     * @return a small number
     */
    public static int maxIdle() {
        return 2 * Runtime.getRuntime().availableProcessors();
    }

    /**
     * Takes an idle object, or creates one.
     *
     * @return an object that nobody else uses until it is returned
     */
    public T borrow() {
        T object = idle.poll();
        return object == null ? create.get() : object;
    }

    /**
     * Returns a borrowed object. It is dropped if enough are idle.
     *
     * @param object what {@link #borrow} returned
     */
    public void giveBack(T object) {
        // Whether it was kept does not matter.
        boolean unused = idle.offer(object);
    }
}
