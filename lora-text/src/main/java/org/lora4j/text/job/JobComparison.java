package org.lora4j.text.job;

import java.util.Objects;
import org.lora4j.text.metrics.PairedDifference;

/**
 * How much better the adapter of a job is than something else, on rows that chose nothing.
 *
 * @param with what it is compared with, such as {@code the model alone}
 * @param metric what is measured, such as {@code nats per token}
 * @param rows how many rows judge
 * @param adapter the number of the adapter
 * @param other that of the other one
 * @param difference how much better the adapter is, with an interval of 95 %; above 0 is better
 */
public record JobComparison(
        String with, String metric, int rows, double adapter, double other, PairedDifference difference) {
    /**
     * Checks the texts.
     *
     * @param with what it is compared with
     * @param metric what is measured
     * @param rows how many rows judge
     * @param adapter the number of the adapter
     * @param other that of the other one
     * @param difference how much better the adapter is
     */
    public JobComparison {
        Objects.requireNonNull(with, "with must not be null");
        Objects.requireNonNull(metric, "metric must not be null");
        Objects.requireNonNull(difference, "difference must not be null");
    }
}
