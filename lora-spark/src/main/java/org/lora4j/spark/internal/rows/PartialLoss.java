package org.lora4j.spark.internal.rows;

import java.io.Serializable;
import java.util.List;

/** The loss of the rows that one worker has for validation. */
public final class PartialLoss implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Of no rows. */
    public static final PartialLoss NONE = new PartialLoss(0, 0);

    private final double weight;
    private final double sum;

    /**
     * Holds sums over rows.
     *
     * @param weight the sum of their weights
     * @param sum the weighted sum of their losses
     */
    PartialLoss(double weight, double sum) {
        this.weight = weight;
        this.sum = sum;
    }

    public PartialLoss plus(PartialLoss other) {
        return new PartialLoss(weight + other.weight, sum + other.sum);
    }

    /** The weighted mean over the rows of all workers. */
    public static double mean(List<PartialLoss> parts) {
        PartialLoss all = parts.stream().reduce(NONE, PartialLoss::plus);
        return all.sum / all.weight;
    }
}
