package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.lora4j.internal.RandomArrays;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** Creates the layers of a model around its arrays. */
final class BertLayers {
    /** Hugging Face's initializer_range. */
    private static final double INITIAL_DEVIATION = 0.02;

    private static final long DROPOUT_SEED = 0;

    private final BertConfig config;
    private final ModelTensors tensors;
    private final String prefix;
    private final DataType dataType;

    BertLayers(BertConfig config, ModelTensors tensors, String prefix, DataType dataType) {
        this.config = config;
        this.tensors = tensors;
        this.prefix = prefix;
        this.dataType = dataType;
    }

    /** The layers up to the last hidden state. */
    List<Layer> encoder() {
        List<Layer> layers = new ArrayList<>();
        layers.add(new TokenEmbeddings(
                prefix + "embeddings",
                embedding("embeddings.word_embeddings", config.paddingToken()),
                embedding(
                        "embeddings.position_embeddings",
                        config.isRoberta() ? config.paddingToken() : Embedding.NO_PADDING),
                embedding("embeddings.token_type_embeddings", Embedding.NO_PADDING),
                norm("embeddings.LayerNorm")));
        layers.add(dropout("embeddings.dropout"));
        for (int i = 0; i < config.layers(); i++) {
            String layer = "encoder.layer." + i + ".";
            layers.add(attention(layer + "attention"));
            layers.add(norm(layer + "attention.output.LayerNorm"));
            layers.add(feedForward(layer));
            layers.add(norm(layer + "output.LayerNorm"));
        }
        return layers;
    }

    private Layer attention(String path) {
        SelfAttention attention = new SelfAttention(
                prefix + path + ".self",
                linear(path + ".self.query"),
                linear(path + ".self.key"),
                linear(path + ".self.value"),
                linear(path + ".output.dense"),
                config.heads(),
                config.attentionDropout(),
                DROPOUT_SEED);
        return new Residual(prefix + path, List.of(attention, dropout(path + ".output.dropout")));
    }

    private Layer feedForward(String layer) {
        String path = prefix + layer + "intermediate.intermediate_act_fn";
        Layer activation =
                config.activation().equals("gelu") ? new Gelu(path) : new Activation(path, new ActivationReLU());
        return new Residual(
                prefix + layer + "output",
                List.of(
                        linear(layer + "intermediate.dense"),
                        activation,
                        linear(layer + "output.dense"),
                        dropout(layer + "output.dropout")));
    }

    List<Layer> pooler() {
        return List.of(
                new Pooling(prefix + "pooler.first", Pooling.Method.FIRST),
                linear("pooler.dense"),
                new Activation(prefix + "pooler.activation", new ActivationTanH()));
    }

    Layer pooling(Pooling.Method method) {
        return new Pooling(prefix + (method == Pooling.Method.MEAN ? "mean" : "first"), method);
    }

    List<Layer> sentenceEmbedding(Pooling.Method method) {
        return List.of(pooling(method), new Normalize(prefix + "normalize"));
    }

    /** The classifier of the file. */
    List<Layer> classifier() {
        return config.isRoberta()
                ? robertaHead(head("classifier.dense"), head("classifier.out_proj"))
                : pooledHead(head("classifier"));
    }

    List<Layer> newClassifier(int labels, long seed) {
        return config.isRoberta()
                ? robertaHead(
                        newLinear("classifier.dense", config.hiddenSize(), seed),
                        newLinear("classifier.out_proj", labels, seed + 1))
                : pooledHead(newLinear("classifier", labels, seed));
    }

    List<Layer> newLinearClassifier(int labels, long seed) {
        return List.of(headDropout("dropout"), newLinear("classifier", labels, seed));
    }

    private List<Layer> pooledHead(Linear classifier) {
        List<Layer> layers = new ArrayList<>(pooler());
        layers.add(headDropout("dropout"));
        layers.add(classifier);
        return layers;
    }

    /** RoBERTa's classifier works on the first token's vector and has no pooler. */
    private List<Layer> robertaHead(Linear dense, Linear output) {
        return List.of(
                new Pooling("classifier.first", Pooling.Method.FIRST),
                headDropout("classifier.dropout"),
                dense,
                new Activation("classifier.activation", new ActivationTanH()),
                headDropout("classifier.dropout_2"),
                output);
    }

    private Dropout headDropout(String path) {
        return new Dropout(path, config.headDropout(), DROPOUT_SEED);
    }

    private Dropout dropout(String path) {
        return new Dropout(prefix + path, config.hiddenDropout(), DROPOUT_SEED);
    }

    private Embedding embedding(String path, int padding) {
        return new Embedding(prefix + path, tensors.parameter(prefix + path, path + ".weight"), padding);
    }

    private LayerNorm norm(String path) {
        return new LayerNorm(
                prefix + path, tensors.get(path + ".weight"), tensors.get(path + ".bias"), config.layerNormEpsilon());
    }

    private Linear linear(String path) {
        return new Linear(
                prefix + path, tensors.parameter(prefix + path, path + ".weight"), tensors.get(path + ".bias"));
    }

    private Linear head(String path) {
        return new Linear(path, tensors.parameter(path, path + ".weight"), tensors.get(path + ".bias"));
    }

    private Linear newLinear(String path, int outputs, long seed) {
        if (outputs < 1) {
            throw new IllegalArgumentException(path + ": there must be at least 1 label, found " + outputs);
        }
        return new Linear(
                path,
                RandomArrays.gaussian(
                        new SplittableRandom(seed), INITIAL_DEVIATION, dataType, outputs, config.hiddenSize()),
                Nd4j.zeros(dataType, outputs));
    }
}
