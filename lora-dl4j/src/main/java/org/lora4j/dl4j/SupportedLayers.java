package org.lora4j.dl4j;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.samediff.AbstractSameDiffLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.conf.ocnn.OCNNOutputLayer;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.ModuleSelection;

/** Says which networks, and which configurations on which layers, are not supported. */
final class SupportedLayers {
    private SupportedLayers() {}

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
            String reason = reasonAgainstTarget(layer.conf());
            if (reason != null && layer.hasParameters() && isChosen(layer, config)) {
                throw new IllegalArgumentException("layer '" + layer.path() + "': a target must not be " + reason
                        + ", found " + describe(layer.conf()) + "; choose other targets");
            }
        }
    }

    /** Whether a configuration chooses a layer, or one of its parameters by the path that it would have. */
    private static boolean isChosen(HostLayer layer, LoRAConfig config) {
        return Stream.concat(
                        Stream.of(layer.path()),
                        layer.layer().paramTable().keySet().stream().map(key -> layer.path() + '.' + key))
                .anyMatch(path -> ModuleSelection.isTarget(path, config) || ModuleSelection.isSaved(path, config));
    }

    private static @Nullable String reasonAgainstTarget(Layer conf) {
        if (conf instanceof AbstractSameDiffLayer) {
            return "one of DL4J's layers on SameDiff, whose gradients are wrong in DL4J 1.0.0-M2.1";
        }
        if (conf instanceof VariationalAutoencoder) {
            return "a layer that trains by pretraining, of which fit computes no gradients";
        }
        return conf instanceof OCNNOutputLayer ? "a layer whose gradients are wrong in DL4J 1.0.0-M2.1" : null;
    }

    private static @Nullable String reasonAgainstGradient(Layer conf) {
        if (conf instanceof AbstractSameDiffLayer) {
            return "because DL4J 1.0.0-M2.1 computes wrong gradients in its layers on SameDiff";
        }
        return conf instanceof OCNNOutputLayer ? "because DL4J 1.0.0-M2.1 computes wrong gradients in it" : null;
    }

    private static String describe(Layer conf) {
        return "a " + conf.getClass().getSimpleName();
    }

    /** Refuses a layer whose gradient of its input is wrong. Frozen layers need only this one. */
    static void requireGradient(String path, Layer conf) {
        String reason = reasonAgainstGradient(conf);
        if (reason != null) {
            throw new IllegalArgumentException("layer '" + path + "': no layer below it can be adapted, " + reason
                    + ", found " + describe(conf) + "; choose targets above it");
        }
    }

    /** A bias of B is part of the sum where factors compute, and of the bias of the layer where they do not. */
    static void requireBiasOfB(List<HostLayer> layers, LoRAAdapter adapter) {
        for (HostLayer layer : layers) {
            for (BaseWeight weight : layer.weights()) {
                LoRAWeights factors = adapter.weights().get(weight.path());
                if (factors == null || factors.loraBBias() == null || weight.bias() != null) {
                    continue;
                }
                if (factors.magnitude() != null || !AdaptedLayers.hasFactoredForm(layer.conf())) {
                    throw new IllegalArgumentException(weight.path()
                            + ": a bias of B must belong to a layer with a bias, or to one that computes with factors,"
                            + " found neither in " + describe(layer.conf())
                            + (factors.magnitude() == null ? "" : " with DoRA")
                            + "; set loraBias to false, or choose other targets");
                }
            }
        }
    }

    /** Dropout applies to the input of A, which a layer that computes with W + ΔW does not have. */
    private static void requireDropout(HostLayer layer, LoRAConfig config) {
        for (BaseWeight weight : layer.weights()) {
            boolean isFactored = AdaptedLayers.hasFactoredForm(layer.conf());
            if (ModuleSelection.isTarget(weight.path(), config) && (config.dora() || !isFactored)) {
                throw new IllegalArgumentException(weight.path()
                        + ": dropout must be 0 with DoRA and for layers that have no factored form, found "
                        + config.dropout() + " for " + describe(layer.conf())
                        + "; set dropout to 0, or choose other targets");
            }
        }
    }
}
