package org.lora4j.nn.parametrization.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a linear layer computes with: {@code y = x·(W + Σ ΔWᵢ)ᵀ + b}.
 *
 * @param weight {@code W [out, in]}
 * @param bias {@code b [out]}, or null
 * @param updates the updates whose ΔWᵢ are added, in the order in which they are computed
 */
public record EffectiveLinear(Parameter weight, @Nullable Parameter bias, List<WeightUpdate> updates) {
    /**
     * Copies the list.
     *
     * @param weight {@code W [out, in]}
     * @param bias {@code b [out]}, or null
     * @param updates the updates
     */
    public EffectiveLinear {
        updates = List.copyOf(updates);
    }

    /**
     * Returns the same with more updates.
     *
     * @param more updates to add after those already there
     * @return a new value
     */
    public EffectiveLinear with(List<? extends WeightUpdate> more) {
        List<WeightUpdate> all = new ArrayList<>(updates);
        all.addAll(more);
        return new EffectiveLinear(weight, bias, all);
    }

    /**
     * Computes the effective weight {@code W + Σ ΔWᵢ}.
     *
     * @return a new array {@code [out, in]}
     */
    public INDArray materialize() {
        INDArray effective = weight.weight().matrix().copy();
        if (!updates.isEmpty()) {
            weight.weight().matrix().lend(original -> {
                updates.forEach(update -> effective.addi(update.delta(original)));
                return effective;
            });
        }
        return effective;
    }

    /**
     * Computes the effective bias {@code b + Σ Δbᵢ}.
     *
     * @return a new array {@code [out]}, or null if there is neither a bias nor an update of it
     */
    public @Nullable INDArray materializeBias() {
        INDArray effective = bias == null ? null : bias.value().dup();
        for (WeightUpdate update : updates) {
            INDArray delta = update.biasDelta();
            if (delta != null) {
                effective = effective == null ? delta : effective.addi(delta);
            }
        }
        return effective;
    }

    /**
     * Returns all parameters that the layer computes with.
     *
     * @return weight, bias and those of the updates, in this order
     */
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(weight);
        if (bias != null) {
            all.add(bias);
        }
        updates.forEach(update -> all.addAll(update.parameters()));
        return all;
    }
}
