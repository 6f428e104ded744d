package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a linear layer computes with: {@code y = x·(W + Σ ΔWᵢ)ᵀ + b}.
 *
 * @param weight {@code W [out, in]}
 * @param bias {@code b [out]}, or null
 * @param weightUpdates the updates whose ΔWᵢ are added
 * @param rows what is added to single rows in predictions, or null
 */
public record EffectiveLinear(
        Parameter weight,
        @Nullable Parameter bias,
        List<WeightUpdate> weightUpdates,
        @Nullable OutputUpdate rows) {
    /**
     * Copies the list.
     *
     * @param weight {@code W [out, in]}
     * @param bias {@code b [out]}, or null
     * @param weightUpdates the updates
     * @param rows what is added to single rows in predictions, or null
     */
    public EffectiveLinear {
        weightUpdates = List.copyOf(weightUpdates);
    }

    /**
     * Creates a layer's weight with updates.
     *
     * @param weight {@code W [out, in]}
     * @param bias {@code b [out]}, or null
     * @param weightUpdates the updates
     */
    public EffectiveLinear(Parameter weight, @Nullable Parameter bias, List<? extends WeightUpdate> weightUpdates) {
        this(weight, bias, List.copyOf(weightUpdates), null);
    }

    /**
     * Returns the same with more updates.
     *
     * @param more updates to add after those already there
     * @return a new value
     */
    public EffectiveLinear with(List<? extends WeightUpdate> more) {
        List<WeightUpdate> all = new ArrayList<>(weightUpdates);
        all.addAll(more);
        return new EffectiveLinear(weight, bias, all, rows);
    }

    /** All updates, in the order in which they are computed. */
    List<OutputUpdate> updates() {
        List<OutputUpdate> updates = new ArrayList<>(weightUpdates);
        if (rows != null) {
            updates.add(rows);
        }
        return updates;
    }

    /**
     * Computes the effective weight {@code W + Σ ΔWᵢ}.
     *
     * @return a new array {@code [out, in]}
     */
    public INDArray materialize() {
        INDArray original = weight.value();
        INDArray effective = original.dup(original.ordering());
        for (WeightUpdate update : weightUpdates) {
            effective.addi(update.delta(original));
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
        for (WeightUpdate update : weightUpdates) {
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
        weightUpdates.forEach(update -> all.addAll(update.parameters()));
        return all;
    }
}
