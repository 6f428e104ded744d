package org.lora4j.train;

import java.util.Arrays;

/** A weight for each class. */
final class ClassWeights {
    private final double[] weights;

    ClassWeights(double... weights) {
        if (weights.length == 0) {
            throw new IllegalArgumentException("weights: there must be one for each class, found none");
        }
        for (int k = 0; k < weights.length; k++) {
            if (!(weights[k] >= 0) || !Double.isFinite(weights[k])) {
                throw new IllegalArgumentException(
                        "weights: each must be finite and at least 0, found " + weights[k] + " for class " + k);
            }
        }
        this.weights = weights.clone();
    }

    /** Returns the weights, not a copy, of a number of classes that must be theirs. */
    double[] of(long classes) {
        if (classes != weights.length) {
            throw new IllegalArgumentException(
                    "weights: there must be one for each of the " + classes + " classes, found " + weights.length);
        }
        return weights;
    }

    @Override
    public String toString() {
        return Arrays.toString(weights);
    }
}
