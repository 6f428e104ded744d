package org.lora4j.spark;

import java.io.Serializable;
import java.util.List;

/** The loss of the rows that one worker has for validation. */
final class PartialLoss implements Serializable {
    private static final long serialVersionUID = 1L;

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

    /** The weighted mean over the rows of all workers. */
    static double mean(List<PartialLoss> parts) {
        double weights = 0;
        double sums = 0;
        for (PartialLoss part : parts) {
            weights += part.weight;
            sums += part.sum;
        }
        return sums / weights;
    }
}
