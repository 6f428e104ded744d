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
 * @param parametrizations the parametrizations whose ΔWᵢ are added
 * @param rows what is added to single rows in predictions, or null
 */
public record EffectiveLinear(
        Parameter weight,
        @Nullable Parameter bias,
        List<Parametrization> parametrizations,
        @Nullable OutputUpdate rows) {
    /**
     * Copies the list.
     *
     * @param weight {@code W [out, in]}
     * @param bias {@code b [out]}, or null
     * @param parametrizations the parametrizations
     * @param rows what is added to single rows in predictions, or null
     */
    public EffectiveLinear {
        parametrizations = List.copyOf(parametrizations);
    }

    /**
     * Creates a layer's weight with parametrizations.
     *
     * @param weight {@code W [out, in]}
     * @param bias {@code b [out]}, or null
     * @param parametrizations the parametrizations
     */
    public EffectiveLinear(
            Parameter weight, @Nullable Parameter bias, List<? extends Parametrization> parametrizations) {
        this(weight, bias, List.copyOf(parametrizations), null);
    }

    /**
     * Returns the same with more parametrizations.
     *
     * @param more parametrizations to add after those already there
     * @return a new value
     */
    public EffectiveLinear with(List<? extends Parametrization> more) {
        List<Parametrization> all = new ArrayList<>(parametrizations);
        all.addAll(more);
        return new EffectiveLinear(weight, bias, all, rows);
    }

    /** All updates, in the order in which they are computed. */
    List<OutputUpdate> updates() {
        List<OutputUpdate> updates = new ArrayList<>(parametrizations);
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
        for (Parametrization parametrization : parametrizations) {
            effective.addi(parametrization.delta(original));
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
        for (Parametrization parametrization : parametrizations) {
            INDArray delta = parametrization.biasDelta();
            if (delta != null) {
                effective = effective == null ? delta : effective.addi(delta);
            }
        }
        return effective;
    }

    /**
     * Returns all parameters that the layer computes with.
     *
     * @return weight, bias and those of the parametrizations, in this order
     */
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(weight);
        if (bias != null) {
            all.add(bias);
        }
        parametrizations.forEach(parametrization -> all.addAll(parametrization.parameters()));
        return all;
    }
}
