package org.lora4j.dl4j;

import java.util.List;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ModuleSelection;

/** Says which configurations are not supported on which layers. */
final class Support {
    private Support() {}

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
