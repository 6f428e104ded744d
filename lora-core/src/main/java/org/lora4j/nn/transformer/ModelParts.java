package org.lora4j.nn.transformer;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Creates the layers of a model around its tensors. What a family asks for here is what its files must hold: see
 * {@link ExpectedTensors}.
 *
 * @param tensors the tensors of the layers up to the last hidden state
 * @param ends the tensors of what follows
 * @param prefix what stands before the paths
 */
record ModelParts(Tensors tensors, Tensors ends, String prefix) {
    /** All random numbers of a network come from one sequence, which the training seeds. */
    static final long DROPOUT_SEED = 0;

    /** What {@link #activation} knows for a feed-forward part. */
    static final List<String> ACTIVATIONS = List.of("gelu", "gelu_new", "gelu_pytorch_tanh", "relu");

    /** What {@link #activation} knows for a pooler. */
    static final List<String> POOLER_ACTIVATIONS = List.of("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "tanh");

    /** What {@link #gate} knows. */
    static final List<String> GATES = List.of("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "swish");

    /** The parts of what follows on the last hidden state, whose modules have no prefix. */
    ModelParts end() {
        return new ModelParts(ends, ends, "");
    }

    /** The path of a module. */
    String path(String path) {
        return prefix + path;
    }

    Embedding embedding(String path, long rows, long width, int padding) {
        return new Embedding(path(path), matrix(path, rows, width, false), padding);
    }

    Linear linear(String path, long inputs, long outputs, boolean hasBias) {
        return linear(path, inputs, outputs, hasBias, false);
    }

    /** A layer of transformers' class Conv1D: linear, with a bias, and stored as {@code [in, out]}. */
    Linear conv1d(String path, long inputs, long outputs) {
        return linear(path, inputs, outputs, true, true);
    }

    /** The last layer of a classifier, with an output for each label. */
    Linear labels(String path, long inputs, boolean hasBias) {
        return linear(path, inputs, tensors.labels(path + ".weight"), hasBias);
    }

    private Linear linear(String path, long inputs, long outputs, boolean hasBias, boolean isTransposed) {
        Parameter weight = matrix(path, outputs, inputs, isTransposed);
        @Nullable INDArray bias = hasBias ? tensors.vector(path + ".bias", outputs) : null;
        return new Linear(path(path), weight, bias);
    }

    private Parameter matrix(String path, long rows, long columns, boolean isTransposed) {
        return tensors.matrix(path(path) + ".weight", path + ".weight", rows, columns, isTransposed);
    }

    LayerNorm layerNorm(String path, long width, double epsilon) {
        return layerNorm(path, width, epsilon, true);
    }

    LayerNorm layerNorm(String path, long width, double epsilon, boolean hasBias) {
        @Nullable INDArray bias = hasBias ? tensors.vector(path + ".bias", width) : null;
        return new LayerNorm(path(path), tensors.vector(path + ".weight", width), bias, epsilon);
    }

    RMSNorm rmsNorm(String path, long width, double epsilon) {
        return new RMSNorm(path(path), tensors.vector(path + ".weight", width), epsilon);
    }

    RMSNorm zeroCenteredNorm(String path, long width, double epsilon) {
        return RMSNorm.zeroCentered(path(path), tensors.vector(path + ".weight", width), epsilon);
    }

    Dropout dropout(String path, double probability) {
        return new Dropout(path(path), probability, DROPOUT_SEED);
    }

    Pooling pooling(String path, Pooling.Method method) {
        return new Pooling(path(path), method);
    }

    /** BERT's feed-forward part, with its residual connection: two layers with an activation between them. */
    Layer feedForward(String layer, long width, long intermediate, String activation, double dropout) {
        return new Residual(
                path(layer + "output"),
                List.of(
                        linear(layer + "intermediate.dense", width, intermediate, true),
                        activation(layer + "intermediate.intermediate_act_fn", activation),
                        linear(layer + "output.dense", intermediate, width, true),
                        dropout(layer + "output.dropout", dropout)));
    }

    /** BERT's pooler: a layer and tanh on the vector of the first token. */
    List<Layer> pooler(long width) {
        return List.of(
                pooling("pooler.first", Pooling.Method.FIRST),
                linear("pooler.dense", width, width, true),
                activation("pooler.activation", "tanh"));
    }

    /** BERT's classifier: a layer on the pooler. */
    List<Layer> pooledClassifier(long width, double dropout) {
        List<Layer> all = new ArrayList<>(pooler(width));
        all.add(end().dropout("dropout", dropout));
        all.add(end().labels("classifier", width, true));
        return all;
    }

    /** RoBERTa's classifier: a layer and an activation on the vector of the first token, and the labels. */
    List<Layer> denseClassifier(long width, String activation, double dropout) {
        return List.of(
                pooling("classifier.first", Pooling.Method.FIRST),
                dropout("classifier.dropout", dropout),
                linear("classifier.dense", width, width, true),
                activation("classifier.activation", activation),
                dropout("classifier.dropout_2", dropout),
                labels("classifier.out_proj", width, true));
    }

    /** The classifier of tokens of most families: a layer on the vector of each token. */
    List<Layer> tokenClassifier(String path, long width, double dropout, boolean hasBias) {
        return List.of(end().dropout("dropout", dropout), end().labels(path, width, hasBias));
    }

    /** The gate of a feed-forward part by the name of its activation. */
    static Gate gate(String name) {
        return switch (name) {
            case "silu", "swish" -> Gate.SILU;
            case "gelu" -> Gate.GELU;
            case "gelu_new", "gelu_pytorch_tanh" -> Gate.GELU_TANH;
            case "relu" -> Gate.RELU;
            default -> throw new IllegalArgumentException("gate: must be one that ModelParts knows, found " + name);
        };
    }

    /** An activation by the name that transformers gives it. */
    Layer activation(String path, String name) {
        return switch (name) {
            case "gelu" -> new Gelu(path(path));
            case "gelu_new", "gelu_pytorch_tanh" -> new Gelu(path(path), Gelu.Form.TANH);
            case "relu" -> new Activation(path(path), new ActivationReLU());
            case "tanh" -> new Activation(path(path), new ActivationTanH());
            default ->
                throw new IllegalArgumentException("activation: must be one that ModelParts knows, found " + name);
        };
    }
}
