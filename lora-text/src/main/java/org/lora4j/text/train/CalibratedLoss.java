package org.lora4j.text.train;

import org.lora4j.internal.math.Softmax;

/**
 * How well outputs tell classes apart, however much too sure they are: the mean of {@code −w[y]·ln softmax(β·z)[y]} with the factor
 * β of at most 1 that makes it least (Guo and others, 2017, arXiv:1706.04599, with the temperature 1/β). In a training of a classifier its usual loss
 * grows when it becomes too sure, long before it has more errors.
 *
 * <p>The loss is computed for factors from 1 to 1e-4, each smaller by 1.1, and is a parabola in ln β between the best three.
 */
final class CalibratedLoss {
    private static final double STEP = 1.1;
    private static final int FACTORS = 97;

    private final double[] classWeights;
    private final double[] sums = new double[FACTORS];
    private int texts;

    CalibratedLoss(double... classWeights) {
        this.classWeights = classWeights;
    }

    /** Adds the outputs z for a text of a class y. */
    void add(double[] z, int y) {
        double factor = 1;
        double[] scaled = new double[z.length];
        for (int i = 0; i < FACTORS; i++) {
            for (int c = 0; c < z.length; c++) {
                scaled[c] = factor * z[c];
            }
            sums[i] += classWeights[y] * Softmax.crossEntropy(scaled, y);
            factor /= STEP;
        }
        texts++;
    }

    /** Returns the loss in nats; NaN if an output is not finite. */
    double value() {
        int least = 1;
        for (int i = 2; i < FACTORS - 1; i++) {
            least = sums[i] < sums[least] ? i : least;
        }
        double slope = (sums[least + 1] - sums[least - 1]) / 2;
        double curvature = sums[least + 1] - 2 * sums[least] + sums[least - 1];
        double place = curvature > 0 ? -slope / curvature : -Math.signum(slope);
        place = Math.max(-1, Math.min(1, place));
        return (sums[least] + place * slope + place * place * curvature / 2) / texts;
    }
}
