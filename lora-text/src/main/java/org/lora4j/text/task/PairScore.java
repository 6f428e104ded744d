package org.lora4j.text.task;

/**
 * How well a document fits a query. Larger is better.
 *
 * @param logit the output z of the network
 */
public record PairScore(float logit) {
    /**
     * Returns the score between 0 and 1; for a decoder that answers yes or no it is the probability of yes against no.
     *
     * @return {@code 1/(1 + exp(−z))}
     */
    public double probability() {
        return 1 / (1 + Math.exp(-(double) logit));
    }
}
