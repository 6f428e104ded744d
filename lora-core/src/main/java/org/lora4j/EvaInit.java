package org.lora4j;

import java.util.Objects;
import org.lora4j.model.internal.EvaData;
import org.lora4j.nn.input.Input;

/**
 * An initialization from data, EVA (<a href="https://arxiv.org/abs/2410.07170">arXiv:2410.07170</a>). The base computes some
 * batches. For each adapted dense layer, the rows of A are the leading principal components of its inputs: with the rows
 * {@code X [n, in]} and their mean μ, {@code X − μ = U·S·Vᵀ} and {@code A = V_rᵀ}. B is zero, so a new adapter does not change
 * the output. As in PEFT, the decomposition goes block by block (incremental PCA), and layers other than dense ones start as
 * without EVA.
 *
 * <pre>{@code
 * LoRAConfig eva = LoRAConfig.builder().rank(8).alpha(16).build();
 * AdapterView view = model.add("support", eva, EvaInit.of(inputs).withRho(2));
 * }</pre>
 *
 * <p>With ρ above 1, the ranks are redistributed: each layer has round(ρ·r) candidates, and those that explain the largest share
 * {@code σᵢ²/‖X − μ‖²} of the variance of their layer's inputs are taken, as many as all ranks together. A layer without any is
 * not adapted. α of a layer changes with its rank, so that α/r stays. The configuration of the new adapter names the layers, with
 * their ranks and α. Its files are those of an ordinary adapter.
 *
 * <p>Immutable. It holds the batches until it is no longer used.
 */
public final class EvaInit {
    private final EvaData data;

    private EvaInit(EvaData data) {
        this.data = data;
    }

    /**
     * Creates an initialization with the same ranks as without it.
     *
     * @param batches rows or sequences, such as some batches of the training; all of them are computed once. Each layer needs
     *     at least round(ρ·r) rows or tokens
     * @return the initialization
     */
    public static EvaInit of(Iterable<? extends Input> batches) {
        return new EvaInit(new EvaData(Objects.requireNonNull(batches, "batches must not be null"), 1));
    }

    /**
     * Changes how far the ranks are redistributed.
     *
     * @param newRho ρ, at least 1: no layer gets more than ρ times its rank. PEFT's default is 2
     * @return a new initialization; this one does not change
     * @throws IllegalArgumentException if ρ is less than 1 or not finite
     */
    public EvaInit withRho(double newRho) {
        if (!(newRho >= 1) || Double.isInfinite(newRho)) {
            throw new IllegalArgumentException("rho must be finite and at least 1, found " + newRho);
        }
        return new EvaInit(new EvaData(data.batches(), newRho));
    }

    EvaData data() {
        return data;
    }

    @Override
    public String toString() {
        return "EvaInit(rho " + data.rho() + ")";
    }
}
