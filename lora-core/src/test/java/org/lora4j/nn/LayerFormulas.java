package org.lora4j.nn;

import java.util.ArrayList;
import java.util.List;
import org.nd4j.linalg.activations.impl.ActivationReLU;

/** What layers compute without dropout, in plain loops in double, one sequence after the other. */
final class LayerFormulas {
    private LayerFormulas() {}

    /** The output of a network for sequences, or for rows of features. */
    static double[][] output(Network network, Input x) {
        return x instanceof FeatureRows rows
                ? chain(network.layers(), rows.array().toDoubleMatrix(), new boolean[0])
                : output(network, (Sequences) x);
    }

    private static double[][] output(Network network, Sequences sequences) {
        TokenEmbeddings embeddings = (TokenEmbeddings) network.layers().get(0);
        List<double[]> all = new ArrayList<>();
        for (int s = 0; s < sequences.count(); s++) {
            int start = sequences.start(s);
            double[][] x = new double[sequences.length(s)][];
            boolean[] isReal = new boolean[x.length];
            for (int i = 0; i < x.length; i++) {
                int row = start + i;
                x[i] = embeddings.word().weight().getRow(sequences.id(row)).toDoubleVector();
                double[] position = embeddings
                        .position()
                        .weight()
                        .getRow(sequences.position(row))
                        .toDoubleVector();
                for (int j = 0; j < position.length; j++) {
                    x[i][j] += position[j];
                }
                normalize(x[i], embeddings.norm());
                isReal[i] = i >= sequences.masked(s);
            }
            all.addAll(
                    List.of(chain(network.layers().subList(1, network.layers().size()), x, isReal)));
        }
        return all.toArray(new double[0][]);
    }

    private static double[][] chain(List<Layer> layers, double[][] x, boolean[] isReal) {
        double[][] y = x;
        for (Layer layer : layers) {
            y = apply(layer, y, isReal);
        }
        return y;
    }

    private static double[][] apply(Layer layer, double[][] x, boolean[] isReal) {
        if (layer instanceof SelfAttention attention) {
            return attention(attention, x, isReal);
        }
        if (layer instanceof Pooling pooling) {
            return new double[][] {pooled(pooling, x, isReal)};
        }
        if (layer instanceof Residual residual) {
            double[][] y = chain(residual.layers(), x, isReal);
            double[][] sums = new double[x.length][];
            for (int i = 0; i < x.length; i++) {
                sums[i] = y[i].clone();
                for (int j = 0; j < sums[i].length; j++) {
                    sums[i][j] += x[i][j];
                }
            }
            return sums;
        }
        double[][] y = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            y[i] = row(layer, x[i]);
        }
        return y;
    }

    private static double[] row(Layer layer, double[] x) {
        if (layer instanceof Linear linear) {
            return linear(linear, x);
        }
        double norm = 0;
        for (double value : x) {
            norm += value * value;
        }
        double meanSquare = norm / x.length;
        norm = Math.max(Math.sqrt(norm), 1e-12);
        double[] y = x.clone();
        if (layer instanceof LayerNorm layerNorm) {
            normalize(y, layerNorm);
        }
        for (int j = 0; j < y.length; j++) {
            if (layer instanceof RMSNorm rmsNorm) {
                y[j] *= rmsNorm.weight().getDouble(j) / Math.sqrt(meanSquare + rmsNorm.epsilon());
            } else if (layer instanceof Normalize) {
                y[j] /= norm;
            } else if (layer instanceof Gelu) {
                y[j] *= normalDistribution(y[j]);
            } else if (layer instanceof Activation activation) {
                y[j] = activation.function() instanceof ActivationReLU ? Math.max(0, y[j]) : Math.tanh(y[j]);
            }
        }
        return y;
    }

    private static double[] linear(Linear linear, double[] x) {
        double[] y = linear.bias() == null
                ? new double[(int) linear.outputSize()]
                : linear.bias().dup().toDoubleVector();
        for (int k = 0; k < y.length; k++) {
            for (int j = 0; j < x.length; j++) {
                y[k] += linear.weight().getDouble(k, j) * x[j];
            }
        }
        return y;
    }

    /** Φ(x) by Simpson's rule. */
    private static double normalDistribution(double x) {
        int steps = 2000;
        double sum = 0;
        for (int i = 0; i <= steps; i++) {
            double t = x * i / steps;
            double factor = i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2;
            sum += factor * Math.exp(-t * t / 2);
        }
        return 0.5 + sum * x / steps / 3 / Math.sqrt(2 * Math.PI);
    }

    private static void normalize(double[] x, LayerNorm norm) {
        double mean = 0;
        for (double value : x) {
            mean += value / x.length;
        }
        double variance = 0;
        for (double value : x) {
            variance += (value - mean) * (value - mean) / x.length;
        }
        for (int j = 0; j < x.length; j++) {
            x[j] = norm.weight().getDouble(j) * (x[j] - mean) / Math.sqrt(variance + norm.epsilon())
                    + norm.biasParameter().value().getDouble(j);
        }
    }

    private static double[] pooled(Pooling pooling, double[][] x, boolean[] isReal) {
        if (pooling.method() == Pooling.Method.FIRST) {
            return x[0];
        }
        double[] sum = new double[x[0].length];
        int count = 0;
        for (int i = 0; i < x.length; i++) {
            if (isReal[i]) {
                count++;
                for (int j = 0; j < sum.length; j++) {
                    sum[j] += x[i][j];
                }
            }
        }
        for (int j = 0; j < sum.length; j++) {
            sum[j] /= count;
        }
        return sum;
    }

    private static double[][] attention(SelfAttention layer, double[][] x, boolean[] isReal) {
        int width = x[0].length;
        int size = width / layer.heads();
        double[][] y = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            double[] query = linear(layer.query(), x[i]);
            double[] heads = new double[width];
            for (int h = 0; h < layer.heads(); h++) {
                double[] weights = new double[x.length];
                double sum = 0;
                for (int k = 0; k < x.length; k++) {
                    if (isReal[k]) {
                        double[] key = linear(layer.key(), x[k]);
                        double score = 0;
                        for (int j = h * size; j < (h + 1) * size; j++) {
                            score += query[j] * key[j];
                        }
                        weights[k] = Math.exp(score / Math.sqrt(size));
                        sum += weights[k];
                    }
                }
                for (int k = 0; k < x.length; k++) {
                    double[] value = linear(layer.value(), x[k]);
                    for (int j = h * size; j < (h + 1) * size; j++) {
                        heads[j] += weights[k] / sum * value[j];
                    }
                }
            }
            y[i] = linear(layer.output(), heads);
        }
        return y;
    }
}
