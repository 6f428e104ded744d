package org.lora4j.cli.measure;

import org.lora4j.console.report.ReportText;
import org.lora4j.text.metrics.PairedDifference;

/** The number by which a report judges. */
public enum Metric {
    /** The share of right answers. */
    ACCURACY("accuracy", "points", 100, 1, " %"),

    /** The harmonic mean of precision and recall of spans. */
    F1("F1 of spans", "points", 100, 1, " %"),

    /** The harmonic mean of precision and recall of all labels of all texts. */
    MICRO_F1("micro-F1 of labels", "points", 100, 1, " %"),

    /** The mean of the squared errors of a number, of which a smaller one is better. Its scale may be any. */
    SQUARED_ERROR("mean squared error", "", 1, Metric.SIGNIFICANT, ""),

    /** The mean of 1 divided by the rank of the first right text. */
    MRR("mean reciprocal rank", "", 1, 3, ""),

    /** The normalized discounted cumulative gain of the first 10 documents. */
    NDCG("nDCG@10", "", 1, 3, ""),

    /** The mean loss of a token, of which a smaller one is better. */
    LOSS("loss of a token", "", 1, 3, "");

    /** In the place of a number of decimals: as many as four digits need. */
    private static final int SIGNIFICANT = -1;

    private final String words;
    private final String unit;
    private final double factor;
    private final int decimals;
    private final String sign;

    Metric(String words, String unit, double factor, int decimals, String sign) {
        this.words = words;
        this.unit = unit;
        this.factor = factor;
        this.decimals = decimals;
        this.sign = sign;
    }

    /**
     * Returns its name.
     *
     * @return such as {@code accuracy}
     */
    public String words() {
        return words;
    }

    /**
     * Returns the unit of a difference.
     *
     * @return such as {@code points}; may be empty
     */
    public String unit() {
        return unit;
    }

    /**
     * Returns a value as text.
     *
     * @param value the value
     * @return such as {@code 94.6 %}
     */
    public String text(double value) {
        return (decimals == SIGNIFICANT ? ReportText.loss(value) : ReportText.fixed(factor * value, decimals)) + sign;
    }

    /**
     * Returns a difference as text.
     *
     * @param value the difference
     * @return such as {@code +5.4}
     */
    public String difference(double value) {
        return decimals == SIGNIFICANT
                ? (value > 0 ? "+" : value < 0 ? "−" : "") + ReportText.loss(Math.abs(value))
                : ReportText.signed(factor * value, decimals);
    }

    /**
     * Returns an interval as text.
     *
     * @param difference a difference with its interval
     * @return such as {@code −1.5 to +12.0}
     */
    public String interval(PairedDifference difference) {
        return Double.isInfinite(difference.low())
                ? "none"
                : difference(difference.low()) + " to " + difference(difference.high());
    }

    /** Returns a difference with its unit and its interval as text. */
    String text(PairedDifference difference) {
        String withUnit = (difference(difference.difference()) + " " + unit).strip();
        return withUnit + " (95 %: " + interval(difference) + ")";
    }
}
