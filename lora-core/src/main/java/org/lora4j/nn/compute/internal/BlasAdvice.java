package org.lora4j.nn.compute.internal;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.LongStream;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.weight.internal.Engines;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Advises once on the threads of BLAS, if it computes predictions with several. Its threads wait actively for each other: where other
 * programs want the processors, a prediction takes many times as long as with one thread.
 */
final class BlasAdvice {
    /** The products with smaller weights do not use the threads. */
    private static final long LEAST_ELEMENTS = 50_000;

    private final Logger log = LoggerFactory.getLogger(Predictor.class);
    private final AtomicBoolean isGiven = new AtomicBoolean();

    /**
     * Logs the advice if a network needs it and no other one had it.
     *
     * @param network will predict
     */
    void log(LayerStack network) {
        ProductEngine engine = Engines.engine();
        if (isGiven.get() || (engine != null && network.dataType() == DataType.FLOAT) || !isLarge(network)) {
            return;
        }
        int threads = Nd4j.factory().blas().getMaxThreads();
        if (threads > 1 && isGiven.compareAndSet(false, true)) {
            log.warn(
                    "BLAS computes predictions in {} with {} threads, which wait actively: where other programs want the"
                            + " processors, a prediction can take many times as long. {}, or call"
                            + " org.lora4j.nn.NativeThreads.forBlas(1) once",
                    network.dataType(),
                    threads,
                    engine == null
                            ? "Add the dependency org.lora4j:lora-onednn"
                            : "Use FLOAT, which " + engine.name() + " computes");
        }
    }

    private static boolean isLarge(LayerStack network) {
        return network.weightedLayers().stream()
                .anyMatch(layer -> LongStream.of(layer.shape()).reduce(1, (a, b) -> a * b) >= LEAST_ELEMENTS);
    }
}
