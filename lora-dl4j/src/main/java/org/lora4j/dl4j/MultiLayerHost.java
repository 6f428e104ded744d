package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Updater;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Layers one after the other. */
final class MultiLayerHost implements Host<MultiLayerNetwork> {
    private final MultiLayerNetwork base;
    private final List<HostLayer> layers = new ArrayList<>();

    MultiLayerHost(MultiLayerNetwork base) {
        this.base = base;
        for (int i = 0; i < base.getnLayers(); i++) {
            Layer layer = base.getLayer(i);
            String name = layer.conf().getLayer().getLayerName();
            layers.add(HostLayer.of(
                    name == null ? "layer" + i : name,
                    base.getLayerWiseConfigurations().getConf(i).getLayer(),
                    layer));
        }
    }

    @Override
    public MultiLayerNetwork base() {
        return base;
    }

    @Override
    public int iterations() {
        return base.getIterationCount();
    }

    @Override
    public List<HostLayer> layers() {
        return layers;
    }

    @Override
    public MultiLayerNetwork create(Adaptation adaptation) {
        MultiLayerConfiguration conf = base.getLayerWiseConfigurations().clone();
        int lowest = lowest(adaptation);
        for (int i = 0; i < layers.size(); i++) {
            NeuralNetConfiguration layer = conf.getConf(i);
            // Layers below the lowest that trains get no gradient, so those without parameters are wrapped too.
            if (layers.get(i).hasParameters() || i < lowest) {
                layer.setLayer(layers.get(i).adapted(layer.getLayer(), adaptation, i > lowest));
                layer.clearVariables();
            } else {
                layer.setLayer(HostLayer.unfrozen(layer.getLayer()));
            }
        }
        Map<Integer, InputPreProcessor> preprocessors = conf.getInputPreProcessors();
        preprocessors.replaceAll(
                (index, preprocessor) -> index <= lowest ? new ForwardOnly(preprocessor) : preprocessor);
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        MultiLayerNetwork network = new MultiLayerNetwork(conf);
        network.init();
        return network;
    }

    private int lowest(Adaptation adaptation) {
        int lowest = 0;
        while (TrainedArrays.of(adaptation.adapter(), layers.get(lowest).weights())
                .isEmpty()) {
            lowest++;
        }
        return lowest;
    }

    @Override
    public MultiLayerNetwork copy(Set<String> withBias) {
        if (withBias.isEmpty()) {
            return base.clone();
        }
        MultiLayerConfiguration conf = base.getLayerWiseConfigurations().clone();
        for (int i = 0; i < layers.size(); i++) {
            if (withBias.contains(layers.get(i).path())) {
                OptionalBias.add(conf.getConf(i));
            }
        }
        MultiLayerNetwork copy = new MultiLayerNetwork(conf);
        copy.init();
        for (int i = 0; i < layers.size(); i++) {
            OptionalBias.copyParameters(base.getLayer(i), copy.getLayer(i));
        }
        return copy;
    }

    @Override
    public Layer layer(MultiLayerNetwork network, String path) {
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i).path().equals(path)) {
                return network.getLayer(i);
            }
        }
        throw new IllegalArgumentException("no layer '" + path + "'");
    }

    @Override
    public void copyTraining(MultiLayerNetwork from, MultiLayerNetwork to) {
        to.setIterationCount(from.getIterationCount());
        to.setEpochCount(from.getEpochCount());
        to.applyConstraints(
                from.getIterationCount(), from.getEpochCount()); // Tells the layers how many steps there were.
        Updater updater = from.getUpdater(false);
        INDArray state = updater == null ? null : updater.getStateViewArray();
        if (state != null) {
            to.getUpdater().setStateViewArray(null, state, false);
        }
    }
}
