package org.lora4j.spark.internal.rows;

import java.io.Serializable;
import java.util.Arrays;
import org.apache.spark.sql.Row;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.spark.internal.param.LossName;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Reads and checks the label of a row.
 *
 * @param out the number of outputs of the network
 * @param type the type of the network
 * @param loss the loss; a label may be the number of a class only for the cross-entropy
 */
public record LabelReader(long out, DataType type, LossName loss) implements Serializable {
    /** Rounding errors of sums of floats stay below this. */
    private static final double TOLERANCE = 1e-3;

    /**
     * Reads a label.
     *
     * @return {@code [out]}, or the number of a class
     * @throws InvalidRowException if it is not a label of this network
     */
    double[] read(Row row, int index) {
        double[] label =
                TableColumns.requireFinite(TableColumns.numbers(row, index, "the label"), type, "the label of a row");
        if (label.length != out) {
            requireClass(label);
        } else if (loss != LossName.MEAN_SQUARED_ERROR) {
            requireProbabilities(label);
        }
        return label;
    }

    private void requireClass(double[] label) {
        boolean takesClasses = loss == LossName.SOFTMAX_CROSS_ENTROPY;
        if (label.length != 1 || !takesClasses) {
            throw new InvalidRowException("the label of a row must have " + out + " numbers, as the network's output"
                    + (takesClasses ? ", or be the number of a class" : "") + ", found " + label.length);
        }
        if (!(label[0] >= 0 && label[0] < out) || label[0] != Math.rint(label[0])) {
            throw new InvalidRowException(
                    "the label of a row must be the number of a class, from 0 to " + (out - 1) + ", found " + label[0]);
        }
    }

    private void requireProbabilities(double[] label) {
        boolean isOne =
                loss == LossName.MULTI_LABEL || Math.abs(Arrays.stream(label).sum() - 1) <= TOLERANCE;
        if (!isOne || Arrays.stream(label).anyMatch(p -> p < 0 || p > 1 + TOLERANCE)) {
            throw new InvalidRowException("the label of a row must be probabilities from 0 to 1"
                    + (loss == LossName.MULTI_LABEL ? "" : " whose sum is 1") + ", found " + Arrays.toString(label));
        }
    }
}
