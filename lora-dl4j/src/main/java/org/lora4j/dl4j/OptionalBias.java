package org.lora4j.dl4j;

import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Gives layers that were configured without a bias one, in a copy of a network. */
final class OptionalBias {
    private OptionalBias() {}

    /** Changes the configuration of a layer of DL4J that has a bias by choice. */
    static void add(NeuralNetConfiguration conf) {
        Layer layer = HostLayer.unfrozen(conf.getLayer());
        if (layer instanceof DenseLayer dense) {
            dense.setHasBias(true);
        } else if (layer instanceof BaseOutputLayer output) {
            output.setHasBias(true);
        } else if (layer instanceof ConvolutionLayer convolution) {
            convolution.setHasBias(true);
        } else {
            throw new IllegalStateException(
                    layer + ": only dense layers, output layers and convolutions have a bias by choice");
        }
        conf.clearVariables();
    }

    /** Copies the parameters of a layer to one that can have a bias in addition, which becomes zero. */
    static void copyParameters(org.deeplearning4j.nn.api.Layer from, org.deeplearning4j.nn.api.Layer to) {
        Map<String, INDArray> original = from.paramTable();
        to.paramTable().forEach((key, array) -> {
            INDArray value = original.get(key);
            if (value == null) {
                array.assign(0);
            } else {
                array.assign(value);
            }
        });
    }
}
