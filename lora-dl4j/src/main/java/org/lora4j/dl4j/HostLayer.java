package org.lora4j.dl4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.layers.FrozenLayerWithBackprop;
import org.lora4j.linalg.LowRankFactors;

/**
 * A layer of a base network.
 *
 * @param path its module path
 * @param layer the layer, whose arrays are shared
 * @param weights its weights
 */
record HostLayer(String path, Layer layer, List<BaseWeight> weights) {

    static HostLayer of(String path, Layer layer) {
        Layer inside = unfrozen(layer);
        return new HostLayer(
                path, inside, BaseWeights.of(path, unfrozen(inside.conf().getLayer()), inside));
    }

    boolean hasParameters() {
        return layer.numParams() > 0;
    }

    /** Everything of the base is frozen here, and DL4J's frozen layers would end backpropagation. */
    private static Layer unfrozen(Layer layer) {
        if (layer instanceof FrozenLayer frozen) {
            return frozen.getInsideLayer();
        }
        return layer instanceof FrozenLayerWithBackprop frozen ? frozen.getInsideLayer() : layer;
    }

    static org.deeplearning4j.nn.conf.layers.Layer unfrozen(org.deeplearning4j.nn.conf.layers.Layer conf) {
        if (conf instanceof org.deeplearning4j.nn.conf.layers.misc.FrozenLayer frozen) {
            return frozen.getLayer();
        }
        return conf instanceof org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop frozen
                ? frozen.getUnderlying()
                : conf;
    }

    /** Wraps a copy of the layer's configuration. */
    LoRALayer adapted(org.deeplearning4j.nn.conf.layers.Layer conf, Adaptation adaptation, boolean passesGradient) {
        org.deeplearning4j.nn.conf.layers.Layer inner = unfrozen(conf);
        if (passesGradient) {
            Support.requireGradient(path, inner);
        }
        if (inner.getLayerName() == null) {
            inner.setLayerName(path);
        }
        LoRALayer adapted = new LoRALayer(
                inner,
                TrainedArrays.targets(adaptation.adapter(), weights),
                TrainedArrays.of(adaptation.adapter(), weights),
                adaptation.updater().clone());
        adapted.attach(new Attachment(layer, weights, subtracted(adaptation.subtracted()), passesGradient));
        return adapted;
    }

    private Map<String, LowRankFactors> subtracted(Map<String, LowRankFactors> byPath) {
        Map<String, LowRankFactors> byParameter = new LinkedHashMap<>();
        for (BaseWeight weight : weights) {
            LowRankFactors factors = byPath.get(weight.path());
            if (factors != null) {
                byParameter.put(weight.parameter(), factors);
            }
        }
        return byParameter;
    }
}
