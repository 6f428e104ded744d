package org.lora4j.text.train;

import java.math.BigDecimal;
import java.math.MathContext;

/**
 * The greatest learning rate if no option says it: for a model whose hidden states have d numbers
 *
 * <pre>rate · (2000/d)^exponent</pre>
 *
 * <p>in two digits. Small models learn with greater rates than large ones.
 *
 * @param rate that for 2,000 numbers
 * @param exponent how fast it falls with their number; 0 for one rate for all models
 * @see <a href="https://thinkingmachines.ai/blog/lora/">Schulman and others 2025: LoRA Without Regret</a>
 */
public record DefaultRate(double rate, double exponent) {
    private static final double WIDTH = 2000;
    private static final MathContext TWO_DIGITS = new MathContext(2);

    /** Of the answers of conversations, and of plain text. */
    public static final DefaultRate LANGUAGE = new DefaultRate(5e-4, 0.78);

    /** Of preferences, which are learned more gently. */
    public static final DefaultRate PREFERENCES = new DefaultRate(2.5e-5, 0.78);

    /**
     * Returns one rate for all models.
     *
     * @param rate the rate
     * @return the same for any width
     */
    public static DefaultRate of(double rate) {
        return new DefaultRate(rate, 0);
    }

    /**
     * Returns the rate for a model.
     *
     * @param width how many numbers its hidden states have
     * @return the rate, in two digits
     */
    public double forWidth(int width) {
        return BigDecimal.valueOf(rate * Math.pow(WIDTH / width, exponent))
                .round(TWO_DIGITS)
                .doubleValue();
    }
}
