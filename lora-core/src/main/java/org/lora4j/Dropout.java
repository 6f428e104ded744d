package org.lora4j;

import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.BatchBuffer;
import org.lora4j.nn.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Dropout of an input in training: elements are zero with probability p and scaled by 1/(1−p) else. The mask of a step
 * depends on the seed and the number of the step alone.
 */
final class Dropout {
    private final PassContext context;
    private final double probability;
    private final long seed;
    private final BatchBuffer masks;
    private final BatchBuffer dropped;
    private @Nullable INDArray mask;

    private Dropout(PassContext context, double probability, long seed, long columns) {
        this.context = context;
        this.probability = probability;
        this.seed = seed;
        masks = context.buffer(columns);
        dropped = context.buffer(columns);
    }

    /** A dropout, or null where there is nothing to drop. */
    static @Nullable Dropout of(PassContext context, double probability, long seed, long columns) {
        return context.isTraining() && probability > 0 ? new Dropout(context, probability, seed, columns) : null;
    }

    /** Draws the mask of this step and answers {@code drop(x)}. */
    INDArray apply(INDArray x) {
        INDArray drawn = masks.rows(x.size(0));
        // The seed of a step is drawn, not added up: generators whose seeds differ by a multiple of their increment
        // give the same numbers, shifted.
        long first = new SplittableRandom(seed).nextLong();
        SplittableRandom random = new SplittableRandom(new SplittableRandom(first + context.step()).nextLong());
        double kept = 1 / (1 - probability);
        long length = drawn.length();
        for (long i = 0; i < length; i++) {
            drawn.data().put(i, random.nextDouble() < probability ? 0 : kept);
        }
        mask = drawn;
        return dropped.rows(x.size(0)).assign(x).muli(drawn);
    }

    /** Passes a gradient through the mask of this step, in place. */
    void backward(INDArray gradient) {
        if (mask == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        gradient.muli(mask);
    }
}
