package org.lora4j.train;

import java.util.List;
import org.lora4j.internal.math.ElementLoops;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.weight.internal.Engines;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Advises on the native threads, if a training is slow with those that there are. The loops of this library run on the heap. Some of
 * ND4J's are left, whose threads compete with those of BLAS: other activations than the ReLU, and other updaters than Adam in single
 * precision.
 */
final class ThreadAdvice {
    private static final Logger log = LoggerFactory.getLogger(Trainer.class);

    private ThreadAdvice() {}

    static void log(List<TrainingSettings> trainings) {
        ProductEngine engine = Engines.engine();
        if (engine != null && engine.threads() > 1) {
            // It leaves BLAS nearly nothing to compute.
            return;
        }
        // The number of master threads, because the maximum number of threads cannot be changed in a running process.
        int loops = Nd4j.getEnvironment().maxMasterThreads();
        int blas = Nd4j.factory().blas().getMaxThreads();
        if (loops > 1 && blas > 1 && trainings.stream().anyMatch(ThreadAdvice::usesLoopsOfNd4j)) {
            log.warn(
                    "ND4J's loops have {} threads and BLAS has {} threads. Idle threads keep the processors busy, so a step"
                            + " can take ten times as long. org.lora4j.nn.NativeThreads.{}() prevents this",
                    loops,
                    blas,
                    engine == null ? "forBlas" : "forEngine");
        }
    }

    private static boolean usesLoopsOfNd4j(TrainingSettings settings) {
        LayerStack stack = settings.model().stack();
        return stack.dataType() == DataType.DOUBLE
                || settings.updaters().useNd4j()
                || stack.layers().stream().anyMatch(ThreadAdvice::isActivationOfNd4j);
    }

    private static boolean isActivationOfNd4j(Layer layer) {
        return (layer instanceof Activation activation && !ElementLoops.isRelu(activation.function()))
                || layer.children().stream().anyMatch(ThreadAdvice::isActivationOfNd4j);
    }
}
