package org.lora4j.dl4j;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ModuleSelection;

/** Says which networks, and which configurations on which layers, are not supported. */
final class Support {
    private Support() {}

    /** Refuses a network whose layers cannot be told apart, or which has none to adapt. */
    static void requireLayers(List<HostLayer> layers) {
        Set<String> paths = new HashSet<>();
        for (HostLayer layer : layers) {
            if (!paths.add(layer.path())) {
                throw new IllegalArgumentException("the names of the layers must differ, found '" + layer.path()
                        + "' twice; name them with name(...) of their builders");
            }
        }
        if (layers.stream().allMatch(layer -> layer.weights().isEmpty())) {
            throw new IllegalArgumentException("the network must have a layer that can be adapted, found none");
        }
    }

    /** Refuses a configuration. */
    static void require(List<HostLayer> layers, LoRAConfig config) {
        if (config.dropout() > 0) {
            layers.forEach(layer -> requireDropout(layer, config));
        }
        for (HostLayer layer : layers) {
            boolean isSameDiff = layer.layer().conf().getLayer() instanceof AbstractSameDiffLayer;
            if (isSameDiff
                    && layer.hasParameters()
                    && (ModuleSelection.isTarget(layer.path(), config)
                            || ModuleSelection.isSaved(layer.path(), config))) {
                throw new IllegalArgumentException(
                        "layer '" + layer.path() + "': a target must not be one of DL4J's layers"
                                + " on SameDiff, found "
                                + layer.layer().conf().getLayer().getClass().getSimpleName()
                                + ", whose gradients are wrong in DL4J 1.0.0-M2.1; choose other targets");
            }
        }
    }

    /** Refuses a layer whose gradient of its input is wrong. Frozen layers need only this one. */
    static void requireGradient(String path, Layer conf) {
        if (conf instanceof AbstractSameDiffLayer) {
            throw new IllegalArgumentException("layer '" + path + "': no layer below it can be adapted, because DL4J"
                    + " 1.0.0-M2.1 computes wrong gradients in its layers on SameDiff, found a "
                    + conf.getClass().getSimpleName() + "; choose targets above it");
        }
    }

    /** Dropout applies to the input of A, which a layer that computes with W + ΔW does not have. */
    private static void requireDropout(HostLayer layer, LoRAConfig config) {
        for (BaseWeight weight : layer.weights()) {
            boolean isFactored = AdaptedLayers.hasFactoredForm(
                    HostLayer.unfrozen(layer.layer().conf().getLayer()));
            if (ModuleSelection.isTarget(weight.path(), config) && (config.dora() || !isFactored)) {
                throw new IllegalArgumentException(weight.path()
                        + ": dropout must be 0 with DoRA and for layers that have no factored form, found "
                        + config.dropout() + " for a "
                        + layer.layer().conf().getLayer().getClass().getSimpleName()
                        + "; set dropout to 0, or choose other targets");
            }
        }
    }
}
