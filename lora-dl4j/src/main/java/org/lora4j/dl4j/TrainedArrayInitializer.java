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
    static final TrainedArrayInitializer INSTANCE = new TrainedArrayInitializer();

    private TrainedArrayInitializer() {}

    @Override
    public long numParams(NeuralNetConfiguration conf) {
        return numParams(conf.getLayer());
    }

    @Override
    public long numParams(Layer layer) {
        return arrays(layer).stream().mapToLong(TrainedArray::length).sum();
    }

    @Override
    public List<String> paramKeys(Layer layer) {
        return arrays(layer).stream().map(TrainedArray::key).toList();
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
        Map<String, INDArray> table = getGradientsFromFlattened(conf, view);
        conf.clearVariables();
        table.keySet().forEach(conf::addVariable);
        return table;
    }

    @Override
    public Map<String, INDArray> getGradientsFromFlattened(NeuralNetConfiguration conf, @Nullable INDArray view) {
        Map<String, INDArray> table = new LinkedHashMap<>();
        if (view == null) {
            return table;
        }
        INDArray flat = view.reshape(view.length());
        long from = 0;
        for (TrainedArray array : arrays(conf.getLayer())) {
            INDArray part = flat.get(NDArrayIndex.interval(from, from + array.length()));
            table.put(array.key(), part.reshape('f', array.rows(), array.columns()));
            from += array.length();
        }
        return table;
    }

    private static List<TrainedArray> arrays(Layer layer) {
        return ((LoRALayer) layer).arrays();
    }
}
