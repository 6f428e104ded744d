package org.lora4j.spark.internal.train;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.rows.FlatValues;

/** What one worker computed of a batch. */
public final class PartialGradients implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int worker;
    private final long rows;
    private final double weight;
    private final double loss;
    private final @Nullable FlatValues means;

    /**
     * Holds the results.
     *
     * @param worker the number of the worker
     * @param rows the number of its rows of the batch; it may have none
     * @param weight the sum of the weights of these rows; their number if all have the weight 1
     * @param loss the mean loss of these rows
     * @param means the mean gradients over these rows, or null if there are none
     */
    public PartialGradients(int worker, long rows, double weight, double loss, @Nullable FlatValues means) {
        this.worker = worker;
        this.rows = rows;
        this.weight = weight;
        this.loss = loss;
        this.means = means;
    }

    int worker() {
        return worker;
    }

    void addTo(GradientSums sums) {
        if (means != null) {
            sums.add(rows, weight, loss, means);
        }
    }
}
