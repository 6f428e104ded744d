package org.lora4j.internal;

/** Turns logits into probabilities: {@code exp(zᵢ − max z) / Σⱼ exp(zⱼ − max z)}. */
@ForModules
public final class Softmax {
    private Softmax() {}

    /**
     * Overwrites logits with their probabilities.
     *
     * @param z the logits, at least one
     */
    public static void inPlace(double[] z) {
        double max = Double.NEGATIVE_INFINITY;
        for (double logit : z) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (int i = 0; i < z.length; i++) {
            z[i] = Math.exp(z[i] - max);
            sum += z[i];
        }
        for (int i = 0; i < z.length; i++) {
            z[i] /= sum;
        }
    }
}
