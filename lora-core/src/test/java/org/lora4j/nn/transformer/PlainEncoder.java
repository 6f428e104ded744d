package org.lora4j.nn.transformer;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A small encoder of random weights, computed in double with plain loops, padding included, as transformers does it. */
final class PlainEncoder {
    static final int DIM = 8;
    static final int VOCABULARY = 20;
    private static final int HEADS = 2;
    private static final int LAYERS = 2;
    private static final double EPSILON = 1e-5;

    private final String modelType;
    private final int padding;
    private final int positions;
    private final Map<String, INDArray> tensors = new LinkedHashMap<>();

    PlainEncoder(String modelType, int padding, int positions) {
        this.modelType = modelType;
        this.padding = padding;
        this.positions = positions;
        SplittableRandom random = new SplittableRandom(positions + padding);
        ModelConfig model = ModelConfig.parse(config());
        ExpectedTensors.of(model, Map.of()).required().forEach((name, expected) -> {
            INDArray values = RandomArrays.gaussian(random, 0.6, DataType.DOUBLE, expected.shape());
            tensors.put(name, name.endsWith("LayerNorm.weight") ? values.addi(1) : values);
        });
    }

    String config() {
        return """
                {"model_type": "%s", "vocab_size": %s, "hidden_size": %s, "num_hidden_layers": %s,
                 "num_attention_heads": %s, "intermediate_size": 12, "hidden_act": "relu",
                 "max_position_embeddings": %s, "type_vocab_size": 1, "layer_norm_eps": %s, "pad_token_id": %s}
                """.formatted(modelType, VOCABULARY, DIM, LAYERS, HEADS, positions, EPSILON, padding);
    }

    SafeTensors tensors() {
        SafeTensorsBuilder file = SafeTensors.builder();
        tensors.forEach(file::tensor);
        return file.build();
    }

    PretrainedModel model(DataType type) throws Exception {
        return PretrainedModel.of(ModelConfig.parse(config()), tensors(), type);
    }

    /** The last hidden states of a sequence, also of its masked tokens. */
    double[][] lastHiddenState(int[] ids, int[] mask) {
        int n = ids.length;
        double[][] x = new double[n][];
        int real = 0;
        for (int i = 0; i < n; i++) {
            int position = i;
            if (!modelType.equals("bert")) {
                // transformers: cumsum(ids != padding) * (ids != padding) + padding
                real += ids[i] == padding ? 0 : 1;
                position = ids[i] == padding ? padding : padding + real;
            }
            x[i] = sum(
                    row("embeddings.word_embeddings", ids[i]),
                    sum(row("embeddings.position_embeddings", position), row("embeddings.token_type_embeddings", 0)));
            x[i] = norm("embeddings.LayerNorm", x[i]);
        }
        for (int l = 0; l < LAYERS; l++) {
            String layer = "encoder.layer." + l + ".";
            double[][] attended = attention(layer + "attention.", x, mask);
            for (int i = 0; i < n; i++) {
                x[i] = norm(layer + "attention.output.LayerNorm", sum(x[i], attended[i]));
                double[] hidden = linear(layer + "intermediate.dense", x[i]);
                Arrays.setAll(hidden, j -> Math.max(0, hidden[j]));
                x[i] = norm(layer + "output.LayerNorm", sum(x[i], linear(layer + "output.dense", hidden)));
            }
        }
        return x;
    }

    private double[][] attention(String layer, double[][] x, int[] mask) {
        int n = x.length;
        int size = DIM / HEADS;
        double[][] y = new double[n][DIM];
        double[][] query = new double[n][];
        double[][] key = new double[n][];
        double[][] value = new double[n][];
        for (int i = 0; i < n; i++) {
            query[i] = linear(layer + "self.query", x[i]);
            key[i] = linear(layer + "self.key", x[i]);
            value[i] = linear(layer + "self.value", x[i]);
        }
        for (int i = 0; i < n; i++) {
            for (int h = 0; h < HEADS; h++) {
                double[] weights = new double[n];
                double all = 0;
                for (int j = 0; j < n; j++) {
                    double score = 0;
                    for (int k = h * size; k < (h + 1) * size; k++) {
                        score += query[i][k] * key[j][k];
                    }
                    weights[j] = mask[j] == 0 ? 0 : Math.exp(score / Math.sqrt(size));
                    all += weights[j];
                }
                for (int j = 0; j < n; j++) {
                    for (int k = h * size; k < (h + 1) * size; k++) {
                        y[i][k] += weights[j] / all * value[j][k];
                    }
                }
            }
            y[i] = linear(layer + "output.dense", y[i]);
        }
        return y;
    }

    private INDArray tensor(String name) {
        return Objects.requireNonNull(tensors.get(name), name);
    }

    private double[] row(String table, int row) {
        return tensor(table + ".weight").getRow(row).toDoubleVector();
    }

    private double[] linear(String path, double[] x) {
        double[][] weight = tensor(path + ".weight").toDoubleMatrix();
        double[] y = tensor(path + ".bias").toDoubleVector();
        for (int i = 0; i < y.length; i++) {
            for (int j = 0; j < x.length; j++) {
                y[i] += weight[i][j] * x[j];
            }
        }
        return y;
    }

    private double[] norm(String path, double[] x) {
        double mean = Arrays.stream(x).average().orElseThrow();
        double variance =
                Arrays.stream(x).map(v -> (v - mean) * (v - mean)).average().orElseThrow();
        double[] weight = tensor(path + ".weight").toDoubleVector();
        double[] bias = tensor(path + ".bias").toDoubleVector();
        double[] y = new double[x.length];
        Arrays.setAll(y, i -> (x[i] - mean) / Math.sqrt(variance + EPSILON) * weight[i] + bias[i]);
        return y;
    }

    private static double[] sum(double[] a, double[] b) {
        double[] sum = new double[a.length];
        Arrays.setAll(sum, i -> a[i] + b[i]);
        return sum;
    }
}
