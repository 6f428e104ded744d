package org.lora4j.nn;

import org.lora4j.internal.SpareProcessors;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Sets ND4J's native threads so that they do not fight, and puts them back on {@link #close}.
 *
 * <p>By default the matrix products (BLAS) and ND4J's own loops each keep a team of threads, and the idle team of the
 * one spins on the cores that the other wants: a training step can take ten times as long. This gives all cores to
 * BLAS and one thread to the loops.
 *
 * <p>A program that serves many requests at once, or batches of many adapters, does better with one thread for BLAS: the
 * processors then go to the requests, and {@link SpareProcessors} divides what one request has to do.
 *
 * <p>The settings are of the whole process, which is why the library never changes them by itself. An application
 * that owns its process calls
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
        maxThreads = Nd4j.getEnvironment().maxThreads();
        maxMasterThreads = Nd4j.getEnvironment().maxMasterThreads();
        blasThreads = Nd4j.factory().blas().getMaxThreads();
        set(1, 1, blas);
    }

    /**
     * Gives all available processors to BLAS and one thread to ND4J's own loops.
     *
     * @return to be closed when the former settings should come back
     */
    public static NativeThreads forBlas() {
        return forBlas(Runtime.getRuntime().availableProcessors());
    }

    /**
     * Gives a number of threads to BLAS and one to ND4J's own loops.
     *
     * @param blas the number of threads for matrix products, at least 1
     * @return to be closed when the former settings should come back
     * @throws IllegalArgumentException if the number is less than 1
     */
    public static NativeThreads forBlas(int blas) {
        if (blas < 1) {
            throw new IllegalArgumentException("the number of BLAS threads must be at least 1, found " + blas);
        }
        return new NativeThreads(blas);
    }

    /** Puts back the settings that were in force before. */
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
