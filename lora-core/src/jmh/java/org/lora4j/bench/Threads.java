package org.lora4j.bench;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.NativeThreads;

/** The native threads of a benchmark. */
public final class Threads implements AutoCloseable {
    /** All processors for BLAS, one thread for ND4J's own loops. */
    public static final String BLAS = "blas";

    /** All processors for the product engine, one thread for BLAS and ND4J's own loops; without an engine as {@link #BLAS}. */
    public static final String ENGINE = "engine";

    /** One thread for the product engine, for BLAS and for ND4J's own loops. */
    public static final String ONE_ENGINE = "engine1";

    /** What ND4J does by itself: all processors for both. */
    public static final String DEFAULT = "default";

    private final @Nullable NativeThreads threads;

    /**
     * Sets the threads.
     *
     * @param setting {@value #BLAS}, {@value #ENGINE}, {@value #ONE_ENGINE}, {@value #DEFAULT}, or the number of threads of BLAS
     */
    public Threads(String setting) {
        threads = switch (setting) {
            case BLAS -> NativeThreads.forBlas();
            case ENGINE -> NativeThreads.forEngine();
            case ONE_ENGINE -> NativeThreads.forEngine(1);
            case DEFAULT -> null;
            default -> NativeThreads.forBlas(Integer.parseInt(setting));
        };
    }

    /** Restores the former settings. */
    @Override
    public void close() {
        if (threads != null) {
            threads.close();
        }
    }
}
