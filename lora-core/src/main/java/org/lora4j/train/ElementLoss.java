package org.lora4j.train;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Losses that are means over all elements of the output, each of which has its own label. */
abstract class ElementLoss implements Loss {
    /** Implements {@link Loss#meanSquaredError}. */
    static final Loss SQUARED_ERROR = new ElementLoss() {
        @Override
        double row(double[] z, double[] y, int from, int to, double size) {
            double sum = 0;
            for (int k = from; k < to; k++) {
                double error = z[k] - y[k];
                sum += error * error;
                z[k] = 2 * error / size;
            }
            return sum;
        }

        @Override
        public String toString() {
            return "SQUARED_ERROR";
        }
    };

    /** Implements {@link Loss#multiLabel}. */
    static class SigmoidCrossEntropy extends ElementLoss {
        /** The loss in which all labels count alike. */
        static final SigmoidCrossEntropy EQUAL = new SigmoidCrossEntropy();

        private SigmoidCrossEntropy() {}

        @Override
        double row(double[] z, double[] y, int from, int to, double size) {
            double sum = 0;
            for (int k = from; k < to; k++) {
                double exponential = Sigmoid.exponential(z[k]);
                sum += Sigmoid.loss(z[k], y[k], exponential);
                z[k] = Sigmoid.orZero(Sigmoid.slope(z[k], y[k], exponential) / size);
            }
            return sum;
        }

        @Override
        public String toString() {
            return "SIGMOID_CROSS_ENTROPY";
        }
    }

    /** Implements {@link Loss#multiLabel(double...)}. */
    static final class WeightedSigmoidCrossEntropy extends SigmoidCrossEntropy {
        private final ClassWeights positiveWeights;

        WeightedSigmoidCrossEntropy(ClassWeights positiveWeights) {
            this.positiveWeights = positiveWeights;
        }

        @Override
        double row(double[] z, double[] y, int from, int to, double size) {
            double[] weights = positiveWeights.of(to - from);
            double sum = 0;
            for (int k = from; k < to; k++) {
                // A label is a part of both outcomes: each has a cross-entropy and a slope of its own.
                double exponential = Sigmoid.exponential(z[k]);
                double has = weights[k - from] * y[k];
                double lacks = 1 - y[k];
                sum += has * Sigmoid.loss(z[k], 1, exponential) + lacks * Sigmoid.loss(z[k], 0, exponential);
                double slope = has * Sigmoid.slope(z[k], 1, exponential) + lacks * Sigmoid.slope(z[k], 0, exponential);
                z[k] = Sigmoid.orZero(slope / size);
            }
            return sum;
        }

        @Override
        public String toString() {
            return "WeightedSigmoidCrossEntropy" + positiveWeights;
        }
    }

    /** Overwrites the outputs z of a row with the gradient, and returns the sum of the losses. */
    abstract double row(double[] z, double[] y, int from, int to, double size);

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        LossRows rows = new LossRows(output, labels, gradient);
        int columns = rows.columns();
        double size = (double) rows.rows() * columns;
        return rows.compute((z, y, from) -> row(z, y, from, from + columns, size)) / size;
    }
}
