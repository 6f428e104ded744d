package org.lora4j.dl4j;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Merges an adapter into the arrays of a copied network. */
final class Merging {
    private Merging() {}

    /** The layers that must get a bias, because the adapter has a bias of B for them and the base has none. */
    static Set<String> missingBiases(LoRAAdapter adapter, List<HostLayer> layers) {
        Set<String> paths = new LinkedHashSet<>();
        for (HostLayer layer : layers) {
            for (BaseWeight weight : layer.weights()) {
                LoRAWeights factors = adapter.weights().get(weight.path());
                if (weight.bias() == null && factors != null && factors.loraBBias() != null) {
                    paths.add(layer.path());
                }
            }
        }
        return paths;
    }

    static void merge(LoRAAdapter adapter, BaseWeight weight) {
        LoRAAdapter.SavedModule saved = adapter.savedModules().get(weight.path());
        LoRAWeights factors = adapter.weights().get(weight.path());
        if (saved != null) {
            assign(weight.weight(), saved.weight());
            assign(weight.bias(), saved.bias());
        } else {
            assign(weight.bias(), adapter.biases().get(weight.path()));
        }
        if (factors != null) {
            weight.weight().addi(adapter.delta(weight));
            INDArray bBias = factors.loraBBias();
            if (bBias != null) {
                Objects.requireNonNull(weight.bias(), weight.path())
                        .addi(bBias.mul(adapter.config().scaleOf(weight.path())));
            }
        }
        requireFinite(weight.path() + ".weight", weight.weight());
        requireFinite(weight.path() + ".bias", weight.bias());
    }

    private static void assign(@Nullable INDArray to, @Nullable INDArray from) {
        if (to != null && from != null) {
            to.assign(from);
        }
    }

    private static void requireFinite(String name, @Nullable INDArray array) {
        if (array != null && !Double.isFinite(array.amaxNumber().doubleValue())) {
            throw new ArithmeticException(name + ": merged values must be finite, found NaN or an infinity");
        }
    }
}
