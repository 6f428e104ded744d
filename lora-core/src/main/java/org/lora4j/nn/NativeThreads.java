package org.lora4j.nn;

import org.lora4j.internal.Backend;
import org.lora4j.internal.threads.SpareProcessors;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.nn.weight.internal.Engines;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Sets the native threads so that they do not compete for processors, and restores the former settings on {@link #close}.
 *
 * <p>There are up to three teams of threads: that of the matrix products (BLAS), that of ND4J's own loops, and that of a
 * {@link org.lora4j.linalg.ProductEngine} if one is on the class path. While one team works, the threads of the first two wait
 * actively and use the same processors, so that a training step can take ten times as long. This class gives the processors to
 * one team, and one thread to each of the others:
 *
 * <ul>
 *   <li>{@link #forEngine()} to the product engine. Between two products its threads run the loops of this library. Without an
 *       engine it is the same as {@link #forBlas()}.
 *   <li>{@link #forBlas()} to BLAS. Best for networks in double precision, which an engine does not compute.
 * </ul>
 *
 * <p>If other programs use the same processors, several threads of BLAS can be many times slower than one, because they wait
 * actively for one that has no processor. The threads of {@code lora-onednn} do not have this fault: they sleep, and the caller
 * computes what none of them has started. So use {@code NativeThreads.forBlas(1)} where BLAS computes: without an engine, and in double
 * precision.
 *
 * <p>Without a call of this class, the engine of {@code lora-onednn} has a thread for each processor, and leaves nothing to BLAS
 * in single precision. The other teams have as many as ND4J's settings say. Without an engine a network in single precision needs no
 * call either, if it trains with Adam, its activations are not those of ND4J and no other program wants the processors: all its
 * loops are those of this library.
 *
 * <p>The settings hold for the whole process, so the library never changes them by itself. An application that owns its
 * process calls
 *
 * <pre>{@code
 * try (NativeThreads threads = NativeThreads.forEngine()) {
 *     trainer.fit(data);
 * }
 * }</pre>
 */
public final class NativeThreads implements AutoCloseable {
    private final int maxThreads;
    private final int maxMasterThreads;
    private final int blasThreads;
    private final int engineThreads;

    private NativeThreads(int blas, int engine) {
        Backend.require();
        maxThreads = Nd4j.getEnvironment().maxThreads();
        maxMasterThreads = Nd4j.getEnvironment().maxMasterThreads();
        blasThreads = Nd4j.factory().blas().getMaxThreads();
        ProductEngine productEngine = Engines.engine();
        engineThreads = productEngine == null ? 1 : productEngine.threads();
        set(1, 1, blas, engine);
    }

    /**
     * Gives all available processors to the product engine. ND4J's own loops and BLAS, which computes the small products with
     * the factors, get one thread each.
     *
     * @return a scope; close it to restore the former settings
     * @throws IllegalStateException if ND4J has no backend
     */
    public static NativeThreads forEngine() {
        return forEngine(Runtime.getRuntime().availableProcessors());
    }

    /**
     * Gives a number of threads to the product engine, and one each to ND4J's own loops and BLAS. Without an engine it is the
     * same as {@link #forBlas(int)}.
     *
     * @param engine the number of threads for products with frozen weights, at least 1
     * @return a scope; close it to restore the former settings
     * @throws IllegalArgumentException if the number is less than 1
     * @throws IllegalStateException if ND4J has no backend
     */
    public static NativeThreads forEngine(int engine) {
        require("engine", engine);
        Backend.require();
        return Engines.engine() == null ? forBlas(engine) : new NativeThreads(1, engine);
    }

    /**
     * Gives all available processors to BLAS and one thread each to ND4J's own loops and a product engine.
     *
     * @return a scope; close it to restore the former settings
     * @throws IllegalStateException if ND4J has no backend
     */
    public static NativeThreads forBlas() {
        return forBlas(Runtime.getRuntime().availableProcessors());
    }

    /**
     * Gives a number of threads to BLAS and one each to ND4J's own loops and a product engine.
     *
     * @param blas the number of threads for matrix products, at least 1
     * @return a scope; close it to restore the former settings
     * @throws IllegalArgumentException if the number is less than 1
     * @throws IllegalStateException if ND4J has no backend
     */
    public static NativeThreads forBlas(int blas) {
        require("BLAS", blas);
        return new NativeThreads(blas, 1);
    }

    private static void require(String team, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException(
                    "the number of " + team + " threads must be at least 1, found " + threads);
        }
    }

    /** Restores the former settings. */
    @Override
    public void close() {
        set(maxThreads, maxMasterThreads, blasThreads, engineThreads);
    }

    private static void set(int threads, int masterThreads, int blas, int engine) {
        // The order matters: ND4J keeps the master threads at or below the threads.
        Nd4j.getEnvironment()
                .setMaxMasterThreads(
                        Math.min(masterThreads, Nd4j.getEnvironment().maxThreads()));
        Nd4j.getEnvironment().setMaxThreads(threads);
        Nd4j.getEnvironment().setMaxMasterThreads(masterThreads);
        Nd4j.factory().blas().setMaxThreads(blas);
        ProductEngine productEngine = Engines.engine();
        if (productEngine != null) {
            productEngine.setThreads(engine);
            SpareProcessors.setEngineThreads(engine);
        }
    }
}
