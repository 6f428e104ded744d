package org.lora4j.cli.classify;

import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.report.ReportText;
import org.lora4j.text.train.NumberedTexts;

/**
 * How well the numbers of texts are predicted.
 *
 * @param texts the number of texts
 * @param meanSquaredError the mean of the squared errors
 * @param meanAbsoluteError the mean of the errors without their signs
 * @param pearson Pearson's correlation; null if all numbers, or all predictions, are the same
 * @param spearman Spearman's correlation; null as well
 */
public record NumberMetrics(
        int texts,
        double meanSquaredError,
        double meanAbsoluteError,
        @Nullable Double pearson,
        @Nullable Double spearman) {
    /** Measures predictions. */
    static NumberMetrics of(NumberedTexts texts) {
        return new NumberMetrics(
                texts.actual().size(),
                texts.meanSquaredError(),
                texts.meanAbsoluteError(),
                orNull(texts.pearson()),
                orNull(texts.spearman()));
    }

    private static @Nullable Double orNull(OptionalDouble value) {
        return value.isPresent() ? value.getAsDouble() : null;
    }

    /**
     * Returns the metrics in a line.
     *
     * @return such as {@code mean squared error 0.2100, mean absolute error 0.3300, Pearson 0.8100, Spearman 0.8000}
     */
    public String line() {
        return "mean squared error " + ReportText.loss(meanSquaredError) + ", mean absolute error "
                + ReportText.loss(meanAbsoluteError) + ", Pearson " + text(pearson) + ", Spearman " + text(spearman);
    }

    /**
     * Returns a correlation as text.
     *
     * @param correlation the correlation; may be null
     * @return such as {@code 0.8123}, or {@code none}
     */
    public static String text(@Nullable Double correlation) {
        return correlation == null ? "none" : ReportText.fixed(correlation, 4);
    }
}
