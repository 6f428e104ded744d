package org.lora4j.dl4j;

import java.util.List;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ModuleSelection;

/** Says which configurations are not supported on which layers. */
final class Support {
    private Support() {}

    static void require(List<HostLayer> layers, LoRAConfig config) {
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
}
