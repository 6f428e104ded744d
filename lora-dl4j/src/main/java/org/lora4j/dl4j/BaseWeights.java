package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution2D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The weights of DL4J's layers that adapters know. A layer with one weight has its own name as path; the weights of any
 * other layer are {@code name.W}, {@code name.RW} and so on, by DL4J's keys.
 */
final class BaseWeights {
    private BaseWeights() {}

    /**
     * Lists the weights of a layer.
     *
     * @param path the name of the layer
     * @param conf its configuration
     * @param layer the layer, whose arrays are read
     * @return its weights; none if it has no matrix to adapt
     */
    static List<BaseWeight> of(String path, Layer conf, org.deeplearning4j.nn.api.Layer layer) {
        Map<String, INDArray> table = layer.paramTable();
        if (table == null
                || table.isEmpty()
                || conf instanceof BatchNormalization
                || conf instanceof CenterLossOutputLayer
                || conf instanceof PReLULayer
                || conf instanceof VariationalAutoencoder
                || conf instanceof OCNNOutputLayer
                || conf instanceof AbstractSameDiffLayer) {
            return List.of();
        }
        if (conf instanceof DenseLayer || conf instanceof OutputLayer || conf instanceof RnnOutputLayer) {
            return List.of(weight(path, LayerKind.LINEAR, "W", table, INDArray::transpose));
        }
        if (conf instanceof EmbeddingLayer || conf instanceof EmbeddingSequenceLayer) {
            return List.of(weight(path, LayerKind.EMBEDDING, "W", table, UnaryOperator.identity()));
        }
        if (conf instanceof Convolution1DLayer) {
            return List.of(weight(path, LayerKind.CONV1D, "W", table, BaseWeights::kernel1d));
        }
        if (isConvolution2d(conf)) {
            return List.of(weight(path, LayerKind.CONV2D, "W", table, UnaryOperator.identity()));
        }
        return others(path, conf, table);
    }

    /** Whether the weight of a layer is {@code [out, in, kh, kw]}; subclasses have other shapes. */
    static boolean isConvolution2d(Layer conf) {
        return conf.getClass() == ConvolutionLayer.class || conf.getClass() == Convolution2D.class;
    }

    /** DL4J computes a 1-D convolution with {@code [k, in, out]} in the memory of an array of shape {@code [out, in, k]}. */
    private static INDArray kernel1d(INDArray w) {
        return w.reshape('c', w.size(2), w.size(1), w.size(0)).permute(2, 1, 0);
    }

    private static List<BaseWeight> others(String path, Layer conf, Map<String, INDArray> table) {
        List<BaseWeight> weights = new ArrayList<>();
        for (String key : conf.initializer().weightKeys(conf)) {
            INDArray array = table.get(key);
            if (array == null || array.rank() < 2) {
                continue;
            }
            // Matrices are [in, out]. The kernels of other layers have no form of PEFT's: each row is one of the first
            // dimension.
            UnaryOperator<INDArray> view =
                    array.rank() == 2 ? INDArray::transpose : kernels -> kernels.reshape('c', kernels.size(0), -1);
            long[] shape = view.apply(array).shape();
            if (shape[0] > 1 && shape[1] > 1) {
                weights.add(weight(path + '.' + key, LayerKind.LINEAR, key, table, view));
            }
        }
        return weights;
    }

    private static BaseWeight weight(
            String path, LayerKind kind, String key, Map<String, INDArray> table, UnaryOperator<INDArray> view) {
        INDArray array = Objects.requireNonNull(table.get(key), key);
        INDArray weight = view.apply(array);
        String biasKey = biasOf(kind, key, array);
        INDArray bias = biasKey == null ? null : table.get(biasKey);
        return new BaseWeight(
                path,
                kind,
                key,
                bias == null ? null : biasKey,
                weight,
                bias == null ? null : bias.reshape(bias.length()),
                array.shape(),
                view);
    }

    /**
     * The bias that is added to the product with a weight: {@code b} of {@code W}, {@code fb} of {@code fW}, and {@code bF} of
     * {@code WF}.
     */
    private static @Nullable String biasOf(LayerKind kind, String key, INDArray array) {
        boolean hasRowsOfOutputs = kind != LayerKind.LINEAR || array.rank() == 2;
        boolean isInput = key.matches(".*W[FB]?") && !key.contains("RW");
        return isInput && hasRowsOfOutputs ? key.replace('W', 'b') : null;
    }
}
