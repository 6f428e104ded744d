package org.lora4j.dl4j;

import java.util.Collection;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.IOutputLayer;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.jspecify.annotations.Nullable;
import org.lora4j.dl4j.TrainedArray.Role;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Creates the layers of an adapted network. */
final class AdaptedLayers {
    private AdaptedLayers() {}

    /**
     * Creates a layer on the arrays of its base.
     *
     * @param view where DL4J keeps the arrays of the adapter, or null if there are none
     */
    static Layer create(
            LoRALayer layer,
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            @Nullable INDArray view,
            DataType type) {
        Trained trained = new Trained(layer.adapter());
        Map<String, INDArray> table =
                new TrainedArrayInitializer(layer.adapter().arrays()).init(conf, view, false);
        Attachment attachment = layer.adapter().attachment();
        AdaptedLayer adapted = attachment == null
                ? wrap(Inside.of(new UnattachedLayer(conf, type)), conf, trained)
                : attached(layer, attachment, conf, listeners, index, type, trained);
        adapted.setListeners(listeners);
        adapted.setIndex(index);
        adapted.setParamsViewArray(view);
        adapted.setParamTable(table);
        return adapted;
    }

    private static AdaptedLayer attached(
            LoRALayer layer,
            Attachment attachment,
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            DataType type,
            Trained trained) {
        NeuralNetConfiguration inner = layer.inner(conf);
        Inside factored = factored(layer, attachment, inner, type, trained);
        if (factored != null) {
            factored.layer().setParamsViewArray(attachment.base().params());
            factored.layer().setParamTable(attachment.base().paramTable());
            factored.layer().setConf(inner);
            return wrap(factored, conf, trained);
        }
        INDArray original = attachment.base().params();
        boolean changes = !layer.adapter().arrays().isEmpty();
        INDArray parameters = changes ? original.dup() : original;
        Layer inside = layer.getUnderlying().instantiate(inner, listeners, index, parameters, false, type);
        if (layer.getUnderlying() instanceof BatchNormalization normalization) {
            return new FrozenBatchNormalization(inside, normalization, conf, trained);
        }
        EffectiveParameters effective =
                changes ? new EffectiveParameters(layer.adapter(), attachment, trained, inside.paramTable()) : null;
        return wrap(new Inside(inside, effective, null), conf, trained);
    }

    private static AdaptedLayer wrap(Inside inside, NeuralNetConfiguration conf, Trained trained) {
        if (inside.layer() instanceof IOutputLayer) {
            return new AdaptedOutputLayer(inside, conf, trained);
        }
        if (inside.layer() instanceof RecurrentLayer) {
            return new AdaptedRecurrentLayer(inside, conf, trained);
        }
        return new AdaptedLayer(inside, conf, trained);
    }

    /** Whether a layer computes with its factors, and not with a copy of its parameters. */
    static boolean isFactored(LoRALayer layer) {
        return layer.adapter().arrays().stream().noneMatch(AdaptedLayers::needsEffectiveWeight)
                && hasFactoredForm(layer.getUnderlying());
    }

    private static boolean needsEffectiveWeight(TrainedArray array) {
        return array.role() == Role.MAGNITUDE
                || (array.role() == Role.COPY && array.parameter().equals("W"));
    }

    /** Whether a layer of this configuration can compute with factors. */
    static boolean hasFactoredForm(org.deeplearning4j.nn.conf.layers.Layer conf) {
        Class<?> type = conf.getClass();
        if (conf instanceof DenseLayer dense) {
            return type == DenseLayer.class && !dense.hasLayerNorm();
        }
        if (conf instanceof Convolution1DLayer convolution) {
            return (type == Convolution1D.class || type == Convolution1DLayer.class)
                    && convolution.getConvolutionMode() != ConvolutionMode.Causal;
        }
        return type == OutputLayer.class
                || type == RnnOutputLayer.class
                || type == EmbeddingLayer.class
                || type == EmbeddingSequenceLayer.class
                || BaseWeights.isConvolution2d(conf);
    }

    private static @Nullable Inside factored(
            LoRALayer layer, Attachment attachment, NeuralNetConfiguration inner, DataType type, Trained trained) {
        if (!isFactored(layer)) {
            return null;
        }
        org.deeplearning4j.nn.conf.layers.Layer conf = layer.getUnderlying();
        if (conf instanceof EmbeddingLayer) {
            return Inside.of(
                    new FactoredEmbedding(inner, type, new FactoredColumns(layer.adapter(), attachment, trained)));
        }
        if (conf instanceof EmbeddingSequenceLayer) {
            return Inside.of(new FactoredEmbeddingSequence(
                    inner, type, new FactoredColumns(layer.adapter(), attachment, trained)));
        }
        FactoredRows rows = new FactoredRows(layer.adapter(), attachment, trained);
        return new Inside(withRows(conf, attachment, inner, type, rows), null, rows);
    }

    private static Layer withRows(
            org.deeplearning4j.nn.conf.layers.Layer conf,
            Attachment attachment,
            NeuralNetConfiguration inner,
            DataType type,
            FactoredRows rows) {
        if (conf instanceof DenseLayer) {
            return new FactoredDense(inner, type, rows);
        }
        if (conf instanceof OutputLayer) {
            return new FactoredOutput(inner, type, rows);
        }
        if (conf instanceof RnnOutputLayer) {
            return new FactoredRnnOutput(inner, type, rows);
        }
        return conf instanceof Convolution1DLayer
                ? new FactoredConvolution1D(
                        inner, type, rows, kernels(attachment.weights().get(0)))
                : new FactoredConvolution(inner, type, rows);
    }

    private static INDArray kernels(BaseWeight weight) {
        return weight.kind().asMatrix(weight.weight()).transpose();
    }
}
