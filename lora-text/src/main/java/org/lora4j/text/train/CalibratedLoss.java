package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.math.Softmax;

/**
 * How well outputs tell classes apart, however much too sure they are: the mean of {@code −w[y]·ln softmax(β·z)[y]} with the factor
 * β of at most 1 that makes it least (Guo and others, 2017, arXiv:1706.04599, with the temperature 1/β). In a training of a classifier its usual loss
 * grows when it becomes too sure, long before it has more errors.
 */
final class CalibratedLoss {
    private static final double LEAST_LOG = Math.log(1e-4);
    private static final int STEPS = 60;

    private final double[] classWeights;
    private final List<double[]> outputs = new ArrayList<>();
    private final List<Integer> classes = new ArrayList<>();

    CalibratedLoss(double... classWeights) {
        this.classWeights = classWeights;
    }

    /** Adds the outputs z for a text of a class y. */
    void add(double[] z, int y) {
        outputs.add(z);
        classes.add(y);
    }

    /** Returns the loss in nats; NaN if an output is not finite. */
    double value() {
        double from = LEAST_LOG;
        double to = 0;
        // The loss is convex in β, so it falls and then rises in ln β: thirds without the minimum are left out.
        for (int i = 0; i < STEPS; i++) {
            double left = from + (to - from) / 3;
            double right = to - (to - from) / 3;
            if (at(Math.exp(left)) <= at(Math.exp(right))) {
                to = right;
            } else {
                from = left;
            }
        }
        return at(Math.exp((from + to) / 2));
    }

    private double at(double factor) {
        double sum = 0;
        for (int i = 0; i < classes.size(); i++) {
            double[] z = outputs.get(i).clone();
            for (int c = 0; c < z.length; c++) {
                z[c] *= factor;
            }
            sum += classWeights[classes.get(i)] * Softmax.crossEntropy(z, classes.get(i));
        }
        return sum / classes.size();
    }
}
