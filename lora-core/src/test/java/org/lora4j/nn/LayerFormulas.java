package org.lora4j.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.RelativePositions;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.RotaryEmbedding;
import org.lora4j.nn.layer.Scale;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.Softcap;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What layers compute without dropout, in plain loops in double, one sequence after the other. */
final class LayerFormulas {
    private static final Tokens NO_TOKENS = new Tokens(new boolean[0], new int[0]);

    private LayerFormulas() {}

    /** The tokens of one sequence: whether they are not masked, and where they stand. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Tokens(boolean[] isReal, int[] positions) {}

    /** The output of a network for sequences, or for rows of features. */
    static double[][] output(Network network, Input x) {
        return x instanceof FeatureRows rows
                ? chain(network.layers(), rows.array().toDoubleMatrix(), NO_TOKENS)
                : output(network, (Sequences) x);
    }

    private static double[][] output(Network network, Sequences sequences) {
        TokenEmbeddings embeddings = (TokenEmbeddings) network.layers().get(0);
        List<double[]> all = new ArrayList<>();
        for (int s = 0; s < sequences.count(); s++) {
            int start = sequences.start(s);
            double[][] x = new double[sequences.length(s)][];
            boolean[] isReal = new boolean[x.length];
            int[] positions = new int[x.length];
            for (int i = 0; i < x.length; i++) {
                int row = start + i;
                x[i] = embeddings.word().weight().getRow(sequences.id(row)).toDoubleVector();
                Embedding table = embeddings.position();
                double[] position = table == null
                        ? new double[x[i].length]
                        : table.weight().getRow(sequences.position(row)).toDoubleVector();
                for (int j = 0; j < position.length; j++) {
                    x[i][j] += position[j];
                }
                LayerNorm norm = embeddings.norm();
                if (norm != null) {
                    normalize(x[i], norm);
                }
                isReal[i] = i >= sequences.masked(s);
                positions[i] = sequences.position(row);
            }
            all.addAll(List.of(
                    chain(network.layers().subList(1, network.layers().size()), x, new Tokens(isReal, positions))));
        }
        return all.toArray(new double[0][]);
    }

    private static double[][] chain(List<Layer> layers, double[][] x, Tokens tokens) {
        double[][] y = x;
        for (Layer layer : layers) {
            y = apply(layer, y, tokens);
        }
        return y;
    }

    private static double[][] apply(Layer layer, double[][] x, Tokens tokens) {
        if (layer instanceof SelfAttention attention) {
            return attention(attention, x, tokens);
        }
        if (layer instanceof Pooling pooling) {
            return new double[][] {pooled(pooling, x, tokens)};
        }
        if (layer instanceof Residual residual) {
            double[][] y = chain(residual.layers(), x, tokens);
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

    private static double gelu(double x, boolean tanh) {
        double inner = Math.sqrt(2 / Math.PI) * (x + 0.044715 * Math.pow(x, 3));
        return x * (tanh ? 0.5 * (1 + Math.tanh(inner)) : normalDistribution(x));
    }

    private static double[] row(Layer layer, double[] x) {
        if (layer instanceof Linear linear) {
            return linear(linear, x);
        }
        if (layer instanceof GatedFeedForward gated) {
            List<Linear> inputs = gated.inputs();
            double[] first = linear(inputs.get(0), x);
            int width = (int) gated.down().inputSize();
            double[] gate = Arrays.copyOf(first, width);
            double[] product =
                    inputs.size() == 2 ? linear(inputs.get(1), x) : Arrays.copyOfRange(first, width, 2 * width);
            if (!gated.gateIsFirst()) {
                double[] swapped = gate;
                gate = product;
                product = swapped;
            }
            for (int j = 0; j < width; j++) {
                product[j] *= switch (gated.gate()) {
                    case SILU -> gate[j] / (1 + Math.exp(-gate[j]));
                    case GELU -> gelu(gate[j], false);
                    case GELU_TANH -> gelu(gate[j], true);
                    case RELU -> Math.max(gate[j], 0);
                };
            }
            return linear(gated.down(), product);
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
                double gamma = rmsNorm.weight().getDouble(j) + (rmsNorm.isZeroCentered() ? 1 : 0);
                y[j] *= gamma / Math.sqrt(meanSquare + rmsNorm.epsilon());
            } else if (layer instanceof Scale scale) {
                y[j] *= scale.factor();
            } else if (layer instanceof Softcap softcap) {
                y[j] = softcap.bound() * Math.tanh(y[j] / softcap.bound());
            } else if (layer instanceof Normalize) {
                y[j] /= norm;
            } else if (layer instanceof Gelu gelu) {
                y[j] = gelu(y[j], gelu.form() == Gelu.Form.TANH);
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
        INDArray bias = norm.bias();
        for (int j = 0; j < x.length; j++) {
            x[j] = norm.weight().getDouble(j) * (x[j] - mean) / Math.sqrt(variance + norm.epsilon())
                    + (bias == null ? 0 : bias.getDouble(j));
        }
    }

    private static double[] pooled(Pooling pooling, double[][] x, Tokens tokens) {
        return pooling.methods().stream()
                .map(method -> pooled(method, x, tokens))
                .flatMapToDouble(Arrays::stream)
                .toArray();
    }

    private static double[] pooled(Pooling.Method method, double[][] x, Tokens tokens) {
        int[] real = IntStream.range(0, x.length).filter(i -> tokens.isReal[i]).toArray();
        double weights =
                Arrays.stream(real).mapToDouble(i -> tokens.positions[i] + 1).sum();
        double[] pooled = new double[x[0].length];
        for (int j = 0; j < pooled.length; j++) {
            int column = j;
            pooled[j] = switch (method) {
                case FIRST -> x[0][j];
                case CLS -> x[real[0]][j];
                case LAST -> x[x.length - 1][j];
                case MEAN -> Arrays.stream(real).mapToDouble(i -> x[i][column]).sum() / real.length;
                case MEAN_SQRT_LENGTH ->
                    Arrays.stream(real).mapToDouble(i -> x[i][column]).sum() / Math.sqrt(real.length);
                case WEIGHTED_MEAN ->
                    Arrays.stream(real)
                            .mapToDouble(i -> (tokens.positions[i] + 1) / weights * x[i][column])
                            .sum();
                case MAX ->
                    Arrays.stream(real).mapToDouble(i -> x[i][column]).max().orElseThrow();
            };
        }
        return pooled;
    }

    private static void softmax(double[] x) {
        double max = Arrays.stream(x).max().orElseThrow();
        double sum = Arrays.stream(x).map(value -> Math.exp(value - max)).sum();
        Arrays.setAll(x, i -> Math.exp(x[i] - max) / sum);
    }

    /** Query, key or value of a token, head by head, before positions. */
    private static double[][] heads(SelfAttention layer, double[] x, int which) {
        int heads = which == 0 ? layer.heads() : layer.keyValueHeads();
        int[] sizes = {layer.heads(), layer.keyValueHeads(), layer.keyValueHeads()};
        int offset = 0;
        double[] all;
        if (layer.inputs().size() == 1) {
            all = linear(layer.inputs().get(0), x);
            for (int before = 0; before < which; before++) {
                offset += sizes[before] * layer.headSize();
            }
        } else {
            all = linear(layer.inputs().get(which), x);
        }
        double[][] split = new double[heads][];
        for (int h = 0; h < heads; h++) {
            int from = offset + h * layer.headSize();
            split[h] = Arrays.copyOfRange(all, from, from + layer.headSize());
        }
        return split;
    }

    private static double[] placed(
            double[] head, @Nullable RMSNorm norm, @Nullable RotaryEmbedding rotary, int position) {
        double[] x = norm == null ? head : row(norm, head);
        if (rotary == null) {
            return x;
        }
        double[] y = x.clone();
        int half = rotary.dimensions() / 2;
        double amplitude = rotary.amplitude();
        for (int i = 0; i < half; i++) {
            double angle = position * rotary.frequencies()[i];
            y[i] = amplitude * (x[i] * Math.cos(angle) - x[i + half] * Math.sin(angle));
            y[i + half] = amplitude * (x[i + half] * Math.cos(angle) + x[i] * Math.sin(angle));
        }
        return y;
    }

    private static int groupOf(SelfAttention layer) {
        return layer.heads() / layer.keyValueHeads();
    }

    private static double relativeBias(SelfAttention layer, int head, int difference) {
        RelativePositions relative = layer.relative();
        boolean isBias = layer.positionKey() == null && layer.positionQuery() == null;
        return relative != null && isBias ? relative.table().weight().getDouble(relative.row(difference), head) : 0;
    }

    /** {@code q·K[c] + k·Q[c]}. */
    private static double compared(SelfAttention layer, double[] query, double[] key, int head, int difference) {
        RelativePositions relative = layer.relative();
        if (relative == null) {
            return 0;
        }
        double[] vector =
                relative.table().weight().getRow(relative.row(difference)).toDoubleVector();
        if (relative.norm() != null) {
            normalize(vector, relative.norm());
        }
        double sum = 0;
        if (layer.positionKey() != null) {
            sum += dot(query, linear(layer.positionKey(), vector), head);
        }
        if (layer.positionQuery() != null) {
            sum += dot(key, linear(layer.positionQuery(), vector), head);
        }
        return sum;
    }

    private static double dot(double[] ofHead, double[] ofAll, int head) {
        double sum = 0;
        for (int j = 0; j < ofHead.length; j++) {
            sum += ofHead[j] * ofAll[head * ofHead.length + j];
        }
        return sum;
    }

    private static double[][] attention(SelfAttention layer, double[][] x, Tokens tokens) {
        double[][][] queries = new double[x.length][][];
        double[][][] keys = new double[x.length][][];
        double[][][] values = new double[x.length][][];
        for (int i = 0; i < x.length; i++) {
            int position = tokens.positions[i];
            queries[i] = heads(layer, x[i], 0);
            keys[i] = heads(layer, x[i], 1);
            values[i] = heads(layer, x[i], 2);
            for (int h = 0; h < queries[i].length; h++) {
                queries[i][h] = placed(queries[i][h], layer.queryNorm(), layer.rotary(), position);
            }
            for (int h = 0; h < keys[i].length; h++) {
                keys[i][h] = placed(keys[i][h], layer.keyNorm(), layer.rotary(), position);
            }
        }
        double[][] y = new double[x.length][];
        int size = layer.headSize();
        for (int i = 0; i < x.length; i++) {
            double[] context = new double[layer.heads() * size];
            int seen = layer.isCausal() ? i + 1 : x.length;
            for (int h = 0; h < layer.heads() && (tokens.isReal[i] || !layer.isCausal()); h++) {
                int group = h / (layer.heads() / layer.keyValueHeads());
                double[] weights = new double[seen];
                for (int k = 0; k < seen; k++) {
                    double score = 0;
                    for (int j = 0; j < size; j++) {
                        score += queries[i][h][j] * keys[k][group][j];
                    }
                    int distance = layer.isCausal() ? i - k : Math.abs(tokens.positions[i] - tokens.positions[k]);
                    boolean isSeen = tokens.isReal[k] && distance <= layer.window();
                    int difference = tokens.positions[i] - tokens.positions[k];
                    double scaled = layer.scale()
                                    * (score
                                            + compared(
                                                    layer, queries[i][h], keys[k][h / groupOf(layer)], h, difference))
                            + relativeBias(layer, h, difference);
                    double bounded = layer.softcap() == SelfAttention.NO_SOFTCAP
                            ? scaled
                            : layer.softcap() * Math.tanh(scaled / layer.softcap());
                    weights[k] = isSeen ? bounded : Double.NEGATIVE_INFINITY;
                }
                if (Arrays.stream(weights).allMatch(Double::isInfinite)) {
                    continue;
                }
                softmax(weights);
                for (int k = 0; k < seen; k++) {
                    for (int j = 0; j < size; j++) {
                        context[h * size + j] += weights[k] * values[k][group][j];
                    }
                }
            }
            y[i] = linear(layer.output(), context);
        }
        return y;
    }
}
