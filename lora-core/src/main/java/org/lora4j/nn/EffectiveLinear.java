package org.lora4j.nn;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a {@link Linear} computes with: {@code y = x·(W + Σ ΔWᵢ)ᵀ + b}.
 *
 * @param weight {@code W [out, in]}
 * @param bias {@code b [out]}, or null
 * @param parametrizations the decorations whose ΔWᵢ are added
 */
public record EffectiveLinear(Parameter weight, @Nullable Parameter bias, List<Parametrization> parametrizations) {
    /**
     * Copies the list.
     *
     * @param weight {@code W [out, in]}
     * @param bias {@code b [out]}, or null
     * @param parametrizations the decorations
     */
    public EffectiveLinear {
        parametrizations = List.copyOf(parametrizations);
    }

    /**
     * The same with more decorations.
     *
     * @param more decorations to add behind those already here
     * @return a new value
     */
    public EffectiveLinear with(List<? extends Parametrization> more) {
        List<Parametrization> all = new ArrayList<>(parametrizations);
        all.addAll(more);
        return new EffectiveLinear(weight, bias, all);
    }

    /**
     * Materialises the effective weight {@code W + Σ ΔWᵢ}.
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
     * Materialises the effective bias {@code b + Σ Δbᵢ}.
     *
     * @return a new array {@code [out]}, or null if there is neither a bias nor a change of it
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
     * All parameters that take part.
     *
     * @return weight, bias and those of the decorations, in this order
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
