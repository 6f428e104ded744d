package org.lora4j.nn;

import org.lora4j.internal.Backend;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Sets ND4J's native threads so that they do not compete for processors, and restores the former settings on
 * {@link #close}.
 *
 * <p>By default the matrix products (BLAS) and ND4J's own loops each have a team of threads. While one team works, the
 * other waits actively and uses the same processors, so that a training step can take ten times as long. This class gives
 * all processors to BLAS and one thread to the loops.
 *
 * <p>A program that serves many requests at once, or batches of many adapters, is faster with one thread for BLAS: the
 * requests then use the processors.
 *
 * <p>The settings hold for the whole process, so the library never changes them by itself. An application that owns its
 * process calls
 *
 * <pre>{@code
 * try (NativeThreads threads = NativeThreads.forBlas()) {
 *     trainer.fit(data);
 * }
 * }</pre>
 */
public final class NativeThreads implements AutoCloseable {
    private final int maxThreads;
    private final int maxMasterThreads;
    private final int blasThreads;

    private NativeThreads(int blas) {
        Backend.require();
        maxThreads = Nd4j.getEnvironment().maxThreads();
        maxMasterThreads = Nd4j.getEnvironment().maxMasterThreads();
        blasThreads = Nd4j.factory().blas().getMaxThreads();
        set(1, 1, blas);
    }

    /**
     * Gives all available processors to BLAS and one thread to ND4J's own loops.
     *
     * @return a scope; close it to restore the former settings
     * @throws IllegalStateException if ND4J has no backend
     */
    public static NativeThreads forBlas() {
        return forBlas(Runtime.getRuntime().availableProcessors());
    }

    /**
     * Gives a number of threads to BLAS and one to ND4J's own loops.
     *
     * @param blas the number of threads for matrix products, at least 1
     * @return a scope; close it to restore the former settings
     * @throws IllegalArgumentException if the number is less than 1
     * @throws IllegalStateException if ND4J has no backend
     */
    public static NativeThreads forBlas(int blas) {
        if (blas < 1) {
            throw new IllegalArgumentException("the number of BLAS threads must be at least 1, found " + blas);
        }
        return new NativeThreads(blas);
    }

    /** Restores the former settings. */
    @Override
    public void close() {
        set(maxThreads, maxMasterThreads, blasThreads);
    }

    private static void set(int threads, int masterThreads, int blas) {
        // The order matters: ND4J keeps the master threads at or below the threads.
        Nd4j.getEnvironment()
                .setMaxMasterThreads(
                        Math.min(masterThreads, Nd4j.getEnvironment().maxThreads()));
        Nd4j.getEnvironment().setMaxThreads(threads);
        Nd4j.getEnvironment().setMaxMasterThreads(masterThreads);
        Nd4j.factory().blas().setMaxThreads(blas);
    }
}
