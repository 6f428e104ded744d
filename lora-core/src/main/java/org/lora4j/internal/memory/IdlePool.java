package org.lora4j.internal.memory;

import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Function;
import java.util.function.Supplier;
import org.lora4j.internal.ForModules;

/**
 * Objects that are expensive to create, belong to one thread at a time and are used again. As many as are needed exist at
 * the same time, but only a few idle ones are kept, so that a peak does not hold its memory for good. Thread-safe.
 *
 * @param <T> the type of the objects
 */
@ForModules
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
     * Lends an object to a computation. It is kept afterwards, unless enough are idle. After an exception it is dropped,
     * because it may hold notes of a computation that did not end.
     *
     * @param computation uses the object, and keeps no reference to it
     * @param <R> the type of the result
     * @return what the computation returned
     */
    public <R> R use(Function<? super T, ? extends R> computation) {
        T idleObject = idle.poll();
        T object = idleObject == null ? create.get() : idleObject;
        R result = computation.apply(object);
        // Whether it was kept does not matter.
        boolean unused = idle.offer(object);
        return result;
    }
}
