package org.lora4j.cli.measure;

import org.lora4j.text.metrics.PairedDifference;

/**
 * What an adapter is compared with.
 *
 * @param baseline its name in a sentence, such as {@code the frozen model}
 * @param value the metric of it
 * @param difference how much better the adapter is
 */
public record Comparison(String baseline, double value, PairedDifference difference) {}
