package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Converts a chain of dense layers. */
final class DenseChain {
    private DenseChain() {}

    /** A network of the library's own on copies of the arrays. It ends with the output layer's product. */
    static Network convert(Object base, List<HostLayer> layers) {
        if (!(base instanceof MultiLayerNetwork)) {
            throw new IllegalArgumentException("only a MultiLayerNetwork can be converted, found a "
                    + base.getClass().getSimpleName());
        }
        List<Layer> converted = new ArrayList<>();
        for (HostLayer layer : layers) {
            org.deeplearning4j.nn.conf.layers.Layer conf = layer.conf();
            boolean isOutput = conf.getClass() == OutputLayer.class;
            if (isOutput || (conf instanceof DenseLayer dense && !dense.hasLayerNorm())) {
                BaseWeight weight = layer.weights().get(0);
                INDArray bias = weight.bias();
                converted.add(new Linear(layer.path(), weight.weight().dup('c'), bias == null ? null : bias.dup('c')));
                if (!isOutput) {
                    add(converted, layer.path(), ((BaseLayer) conf).getActivationFn());
                }
            } else if (conf instanceof ActivationLayer activation) {
                add(converted, layer.path(), activation.getActivationFn());
            } else {
                throw new IllegalArgumentException("layer '" + layer.path()
                        + "': only dense, output and activation layers can be converted, found "
                        + conf.getClass().getSimpleName());
            }
        }
        return new Network(converted);
    }

    private static void add(List<Layer> layers, String path, IActivation function) {
        if (!(function instanceof ActivationIdentity)) {
            layers.add(new Activation(path + ".activation", function));
        }
    }
}
