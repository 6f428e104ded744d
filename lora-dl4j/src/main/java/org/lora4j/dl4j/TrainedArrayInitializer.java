package org.lora4j.dl4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Tells DL4J that the arrays of an adapter are the only parameters of a layer. They lie one after the other in DL4J's
 * vector, in 'f' order, because DL4J's products write to views of this order.
 */
final class TrainedArrayInitializer implements ParamInitializer {
    private final List<TrainedArray> arrays;

    TrainedArrayInitializer(List<TrainedArray> arrays) {
        this.arrays = arrays;
    }

    /** How long DL4J's vector of the arrays is. */
    long length() {
        return arrays.stream().mapToLong(TrainedArray::length).sum();
    }

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return length();
    }

    @Override
    public long numParams(Layer layer) {
        return length();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        return arrays.stream().map(TrainedArray::key).toList();
    }

    @Override
    public List<String> weightKeys(Layer layer) {
        return paramKeys(layer);
    }

    @Override
    public List<String> biasKeys(Layer layer) {
        return List.of();
    }

    @Override
    public boolean isWeightParam(Layer layer, String key) {
        return true;
    }

    @Override
    public boolean isBiasParam(Layer layer, String key) {
        return false;
    }

    @Override
    public Map<String, INDArray> init(NeuralNetConfiguration conf, @Nullable INDArray view, boolean initialize) {
        Map<String, INDArray> table = views(view);
        conf.clearVariables();
        table.keySet().forEach(conf::addVariable);
        return table;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, @Nullable INDArray view) {
        return views(view);
    }

    /** The parts of a vector, by DL4J's keys; none if there is no vector. */
    Map<String, INDArray> views(@Nullable INDArray view) {
        Map<String, INDArray> table = new LinkedHashMap<>();
        if (view == null) {
            return table;
        }
        INDArray flat = view.reshape(view.length());
        long from = 0;
        for (TrainedArray array : arrays) {
            INDArray part = flat.get(NDArrayIndex.interval(from, from + array.length()));
            table.put(array.key(), part.reshape('f', array.rows(), array.columns()));
            from += array.length();
        }
        return table;
    }
}
