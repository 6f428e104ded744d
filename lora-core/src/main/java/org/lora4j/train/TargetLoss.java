package org.lora4j.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A loss whose labels are numbers of columns of the output, one for each row, of which some do not count. */
interface TargetLoss {
    /** The label that takes no part, as in PyTorch. */
    int IGNORED = -100;

    /**
     * Returns the target of each row of a batch.
     *
     * @param input the rows or sequences
     * @param labels the labels, or null
     * @return {@code [rows]} of INT32, {@link #IGNORED} where nothing counts
     * @throws IllegalArgumentException if the labels do not fit the input, are no whole numbers, or none counts
     */
    INDArray targets(Input input, @Nullable INDArray labels);

    /**
     * Refuses targets that are no columns of the output.
     *
     * @param columns the number of columns of the output
     */
    void requireBelow(INDArray targets, long columns);

    /** Returns the number of targets that count. */
    static long count(INDArray targets) {
        return count(targets.toIntVector());
    }

    /** Returns the number of targets that count. */
    static long count(int[] targets) {
        return Arrays.stream(targets).filter(target -> target != IGNORED).count();
    }

    /** Returns a label as a whole number, or fails with the rule for it. */
    static int whole(double label, String rule, String place) {
        int whole = (int) label;
        if (whole != label || (whole < 0 && whole != IGNORED)) {
            throw new IllegalArgumentException("labels: each must be " + rule + ", or " + IGNORED
                    + " to take no part, found " + label + " at " + place);
        }
        return whole;
    }

    /** Returns the targets of the rows of an output, which {@link Loss#compute} was given. */
    static int[] ofRows(INDArray output, INDArray labels) {
        if (labels.length() != output.size(0)) {
            throw new IllegalArgumentException("labels: there must be one for each of the " + output.size(0)
                    + " rows of the output, found " + Arrays.toString(labels.shape()));
        }
        double[] given = labels.castTo(DataType.DOUBLE).dup('c').data().asDouble();
        int[] targets = new int[given.length];
        for (int i = 0; i < given.length; i++) {
            targets[i] = whole(given[i], "a whole number", "row " + i);
        }
        return targets;
    }
}
