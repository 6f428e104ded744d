package org.lora4j.dl4j;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Merges an adapter into the arrays of a copied network. */
final class Merging {
    private Merging() {}

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
            if (bBias != null && weight.bias() != null) {
                weight.bias().addi(bBias.mul(adapter.config().scaleOf(weight.path())));
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
