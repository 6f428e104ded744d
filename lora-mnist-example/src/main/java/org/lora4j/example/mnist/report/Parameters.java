package org.lora4j.example.mnist.report;

import java.util.List;

/**
 * What LoRA adds to a network's parameters.
 *
 * @param original number of values in the network's own parameters
 * @param lora number of values in the low-rank factors
 * @param total both together
 * @param incrementPercent {@code 100 · lora / original}
 * @param layers the shapes, layer by layer from the input on
 */
public record Parameters(long original, long lora, long total, double incrementPercent, List<LayerParameters> layers) {

    /**
     * Checks that the sums agree.
     *
     * @param original as in the record
     * @param lora as in the record
     * @param total as in the record
     * @param incrementPercent as in the record
     * @param layers as in the record
     * @throws IllegalArgumentException if a count is not positive, there is no layer, or total or percentage do not
     *     follow from the counts
     */
    public Parameters {
        layers = List.copyOf(layers);
        if (layers.isEmpty()) {
            throw new IllegalArgumentException("parameters: there must be at least one layer");
        }
        if (original < 1 || lora < 1) {
            throw new IllegalArgumentException(
                    "parameters: counts must be positive, found original " + original + " and lora " + lora);
        }
        if (total != original + lora) {
            throw new IllegalArgumentException(
                    "parameters: total must be original + lora = " + (original + lora) + ", found " + total);
        }
        double expected = percent(original, lora);
        // Written so that NaN fails too.
        if (!(Math.abs(incrementPercent - expected) <= 1e-6 * expected)) {
            throw new IllegalArgumentException(
                    "parameters: incrementPercent must be " + expected + ", found " + incrementPercent);
        }
    }

    /**
     * Derives total and percentage.
     *
     * @param original number of values in the network's own parameters
     * @param lora number of values in the low-rank factors
     * @param layers the shapes, layer by layer from the input on
     * @return the counts with their sums
     * @throws IllegalArgumentException if a count is not positive or there is no layer
     */
    public static Parameters of(long original, long lora, List<LayerParameters> layers) {
        return new Parameters(original, lora, original + lora, percent(original, lora), layers);
    }

    private static double percent(long original, long lora) {
        return 100.0 * lora / original;
    }
}
