package org.lora4j.internal.math;

import org.lora4j.internal.ForModules;

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
        crossEntropy(z, 0);
    }

    /**
     * Overwrites logits with their probabilities p.
     *
     * @param z the logits
     * @param target the index of one of them
     * @return {@code −ln p} of this one, {@code ln Σⱼ exp(zⱼ − max z) − (z − max z)}
     */
    public static double crossEntropy(double[] z, int target) {
        double max = Double.NEGATIVE_INFINITY;
        for (double logit : z) {
            max = Math.max(max, logit);
        }
        double below = z[target] - max;
        double sum = 0;
        for (int i = 0; i < z.length; i++) {
            z[i] = Math.exp(z[i] - max);
            sum += z[i];
        }
        for (int i = 0; i < z.length; i++) {
            z[i] /= sum;
        }
        return Math.log(sum) - below;
    }
}
