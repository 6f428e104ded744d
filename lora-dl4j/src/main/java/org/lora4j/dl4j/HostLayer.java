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
 * @param conf its configuration in the network, without DL4J's wrapper for frozen layers
 * @param layer the layer, whose arrays are shared
 * @param weights its weights
 */
record HostLayer(String path, org.deeplearning4j.nn.conf.layers.Layer conf, Layer layer, List<BaseWeight> weights) {

    /**
     * Looks at a layer.
     *
     * @param conf its configuration in the network; the layer itself can have that of a layer that it wraps
     * @throws IllegalArgumentException if the layer is one of an adapted network
     */
    static HostLayer of(String path, org.deeplearning4j.nn.conf.layers.Layer conf, Layer layer) {
        if (conf instanceof LoRALayer) {
            throw new IllegalArgumentException("layer '" + path
                    + "': the base must be a plain network, found one that a LoRANetwork made; add adapters to that"
                    + " LoRANetwork, or merge the adapter first");
        }
        Layer inside = unfrozen(layer);
        return new HostLayer(
                path,
                unfrozen(conf),
                inside,
                BaseWeights.of(path, unfrozen(inside.conf().getLayer()), inside));
    }

    /** Looks at the layer of a copy of the network. */
    HostLayer ofCopy(Layer copy) {
        return of(path, conf, copy);
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
    LoRALayer adapted(org.deeplearning4j.nn.conf.layers.Layer copy, Adaptation adaptation, boolean passesGradient) {
        org.deeplearning4j.nn.conf.layers.Layer inner = unfrozen(copy);
        if (passesGradient) {
            SupportedLayers.requireGradient(path, inner);
        }
        if (inner.getLayerName() == null) {
            inner.setLayerName(path);
        }
        LoRALayer adapted = new LoRALayer(
                inner,
                TrainedArrays.targets(adaptation.adapter(), weights),
                TrainedArrays.of(adaptation.adapter(), weights),
                adaptation.updater().clone());
        adapted.adapter()
                .attach(new Attachment(
                        layer, weights, subtracted(adaptation.subtracted()), passesGradient, adaptation.requireBase()));
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
