package org.lora4j.model.internal;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.math.RowNorms;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.WeightedLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Creates an adapter by LoftQ, from the error of the rounding. */
final class LoftQAdapter {
    private LoftQAdapter() {}

    /**
     * Creates an adapter.
     *
     * @throws IllegalArgumentException if the configuration does not fit the network or has another initialization, or the
     *     original network has other layers
     */
    static LoRAAdapter create(Network network, LoRAConfig config, Network original) {
        if (!config.init().equals(LoRAInit.kaimingUniform())) {
            throw new IllegalArgumentException("init: LoftQ takes the place of the initialization in the configuration,"
                    + " so this must be the default, found " + config.init());
        }
        LoRAAdapter initial = LoRAAdapter.initialize(network, config).adapter();
        Map<String, Linear> originals =
                original.linears().stream().collect(Collectors.toMap(WeightedLayer::path, linear -> linear));
        Map<String, LoRAWeights> weights = new LinkedHashMap<>(initial.weights());
        for (Linear layer : network.linears()) {
            LoRAWeights old = weights.get(layer.path());
            if (old != null) {
                weights.put(layer.path(), weights(layer, originals.get(layer.path()), old, config));
            }
        }
        return new LoRAAdapter(
                initial.config(), weights, initial.biases(), initial.savedModules(), initial.tokenRows());
    }

    private static LoRAWeights weights(Linear layer, @Nullable Linear original, LoRAWeights old, LoRAConfig config) {
        INDArray rounded = layer.weight();
        INDArray weight = original == null ? null : original.weight();
        if (weight == null || !Arrays.equals(weight.shape(), rounded.shape())) {
            throw new IllegalArgumentException("original: must have a dense layer " + layer.path() + " "
                    + Arrays.toString(rounded.shape()) + ", found "
                    + (weight == null ? "none" : Arrays.toString(weight.shape()))
                    + "; give the network that the base was rounded from");
        }
        double scale = config.scaleOf(layer.path());
        INDArray error = weight.castTo(rounded.dataType()).sub(rounded);
        LowRankFactors factors = Svd.truncated(error, old.rank()).balancedFactors(old.rank());
        INDArray a = factors.a().divi(Math.sqrt(scale));
        INDArray b = factors.b().divi(Math.sqrt(scale));
        INDArray magnitude = old.magnitude();
        if (magnitude != null) {
            magnitude = RowNorms.of(rounded.add(b.mmul(a).muli(scale)));
        }
        return new LoRAWeights(old.kind(), a, b, magnitude, old.loraBBias());
    }
}
