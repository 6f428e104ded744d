package org.lora4j.train;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.HeapBuffer;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.threads.Workers;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Computes the cross-entropy {@code −log p} of the target of each row of logits, and the gradient of their weighted sum, block by
 * block in the same arrays.
 */
final class TokenCrossEntropy<A> {
    private static final long NANOS_PER_LOGIT = 1;

    private final RowMath<A> math;
    private final int[] targets;
    private final Workers<HeapBuffer<A>> workers;
    private final double[] losses;

    /** What the loss of each row counts in the gradient; null if there is no gradient yet. */
    private double @Nullable [] weights;

    /**
     * Creates the computation.
     *
     * @param targets the column of each row, or {@link TargetLoss#IGNORED}
     */
    TokenCrossEntropy(RowMath<A> math, int[] targets) {
        this.math = math;
        this.targets = targets;
        workers = new Workers<>(() -> new HeapBuffer<>(math));
        losses = new double[targets.length];
    }

    /** Sets the weight of each row in the gradient. */
    TokenCrossEntropy<A> withWeights(double[] ofRows) {
        weights = ofRows;
        return this;
    }

    /** The cross-entropy of each row that was computed. */
    double[] losses() {
        return losses;
    }

    /**
     * Computes the sum of the losses of some rows, and the gradient of the weighted sum of all rows if there are weights.
     *
     * @param first the number of the first row among all
     * @param gradient gets the gradient; can be the output itself
     */
    double sum(INDArray output, int first, INDArray gradient) {
        INDArray logitRows = isInRows(output) ? output : output.dup('c');
        INDArray gradientRows =
                isInRows(gradient) ? gradient : Nd4j.createUninitialized(gradient.dataType(), gradient.shape(), 'c');
        double loss = sum(logitRows, first, new ArrayMemory(gradientRows));
        if (gradientRows != gradient && weights != null) {
            gradient.assign(gradientRows);
        }
        return loss;
    }

    private double sum(INDArray output, int first, ArrayMemory gradients) {
        int n = Math.toIntExact(output.size(0));
        int width = Math.toIntExact(output.length() / n);
        ArrayMemory logits = new ArrayMemory(output);
        workers.runRows(0, n, NANOS_PER_LOGIT * width, (row, from, to) -> {
            row.reserve(width);
            for (int i = from; i < to; i++) {
                losses[first + i] =
                        loss(row.array(), width, first + i, Math.multiplyExact(i, width), logits, gradients);
            }
        });
        // In the order of the rows, whoever computed them.
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += losses[first + i];
        }
        return sum;
    }

    private double loss(A row, int width, int number, int start, ArrayMemory logits, ArrayMemory gradients) {
        if (targets[number] == TargetLoss.IGNORED) {
            math.clear(row, width);
            math.write(gradients, start, row, width);
            return 0;
        }
        int at = start + Objects.checkIndex(targets[number], width);
        math.read(logits, start, row, width);
        double below = logits.get(at) - math.softmax(row, width);
        if (weights != null) {
            math.scale(weights[number], row, width);
            math.write(gradients, start, row, width);
            gradients.put(at, (Math.exp(below) - 1) * weights[number]);
        }
        return -below;
    }

    private static boolean isInRows(INDArray matrix) {
        return matrix.rank() == 2
                && matrix.stride(1) == 1
                && (matrix.size(0) == 1 || matrix.stride(0) == matrix.size(1));
    }
}
