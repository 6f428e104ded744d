package org.lora4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.WeightedLayer;
import org.lora4j.nn.internal.ParametrizationPass;
import org.lora4j.nn.internal.PassContext;
import org.lora4j.nn.internal.TokenUpdatePass;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A frozen weight {@code W [out, in]} used as {@code m ∘ V / ‖V‖} with {@code V = W + s·B·A}: magnitude and direction of
 * each output row train separately (DoRA, <a href="https://arxiv.org/abs/2402.09353">arXiv:2402.09353</a>). The norm is
 * that of a row, and the magnitude {@code m [out]} starts as {@code ‖W‖}, so that nothing changes at the start. A, B and m
 * train.
 *
 * <p>With {@code c = m / ‖V‖} the layer computes {@code y = c∘(x·Wᵀ + s·(x·Aᵀ)·Bᵀ) + b}; the bias is not scaled. As in
 * the paper's section 4.3, no gradient flows through the norm. Dropout is PEFT's: with {@code x̃ = drop(x)},
 * {@code y = x·Wᵀ + (c−1)∘(x̃·Wᵀ) + c∘s·(x̃·Aᵀ)·Bᵀ + b}.
 *
 * <p>In an embedding {@code W [vocab, dim]}, the rows are those of the transposed table: there is a magnitude for each column,
 * {@code m [dim]}, and the norm of a column is over all tokens. The layer computes
 * {@code yᵢ = c∘(W[idᵢ] + s·B·A[:, idᵢ])}.
 *
 * <p>A row of V that is zero has no direction: there {@code c = 1}, so that the row stays zero and B can train.
 *
 * <p>The norms of W's rows are computed once, and again after W was unfrozen. Do not write to W while it is frozen.
 */
public final class DoRAParametrization implements AdapterParametrization {
    private final WeightedLayer layer;
    private final LoRAParametrization lora;
    private final Parameter magnitude;

    private DoRAParametrization(WeightedLayer layer, LoRAParametrization lora, Parameter magnitude) {
        this.layer = layer;
        this.lora = lora;
        this.magnitude = magnitude;
    }

    private DoRAParametrization(WeightedLayer layer, LoRAParametrization lora, INDArray magnitude) {
        this(layer, lora, new Parameter(layer.path() + ".lora_magnitude_vector", magnitude, true));
    }

    /** Creates a parametrization from arrays, which are copied. */
    static DoRAParametrization of(WeightedLayer layer, String name, LoRAConfig config, LoRAWeights weights) {
        INDArray magnitude = weights.magnitude();
        if (magnitude == null) {
            throw new IllegalArgumentException(layer.path() + ": DoRA needs a magnitude, found none");
        }
        return new DoRAParametrization(
                layer, LoRAParametrization.of(layer, name, config, weights, null), magnitude.dup('c'));
    }

    /**
     * Registers a parametrization at its initialization on the weight of a layer, under the name
     * {@value LoRAParametrization#DEFAULT_NAME}.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param config rank, scale and initialization, with DoRA; its choice of modules is not read
     * @return the parametrization, enabled
     * @throws IllegalArgumentException if the layer has a parametrization of this name, or the configuration does not have
     *     DoRA
     */
    public static DoRAParametrization register(Linear linear, LoRAConfig config) {
        return register(linear, LoRAParametrization.DEFAULT_NAME, config);
    }

    /**
     * Registers a parametrization at its initialization on the weight of a layer. A weight can carry several
     * parametrizations by name; the updates of those that are enabled add up.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param name the name of the parametrization on this layer
     * @param config rank, scale and initialization, with DoRA; its choice of modules is not read
     * @return the parametrization, enabled
     * @throws IllegalArgumentException if the layer has a parametrization of this name, or the configuration does not have
     *     DoRA
     */
    public static DoRAParametrization register(Linear linear, String name, LoRAConfig config) {
        Objects.requireNonNull(linear, "linear must not be null");
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        if (!config.dora()) {
            throw new IllegalArgumentException(linear.path() + ": DoRA needs dora to be set, found it is not");
        }
        DoRAParametrization dora = of(linear, name, config, LoRAWeights.initialize(linear, config));
        linear.parametrizations().register(name, dora);
        LoRAParametrization.freeze(linear);
        return dora;
    }

    /**
     * Removes the parametrization from its layer, whose effective weight no longer has its update. The layer stays frozen.
     *
     * @throws IllegalArgumentException if it is not registered
     */
    public void remove() {
        lora.remove();
    }

    /**
     * Enables or disables the parametrization. While it is disabled, the layer computes with the original, bit for bit.
     *
     * @param enabled whether ΔW is added
     * @throws IllegalArgumentException if it is not registered
     */
    public void setEnabled(boolean enabled) {
        lora.setEnabled(enabled);
    }

    /**
     * Returns whether the parametrization is enabled.
     *
     * @return true if ΔW is added
     * @throws IllegalArgumentException if it is not registered
     */
    public boolean isEnabled() {
        return lora.isEnabled();
    }

    /**
     * Returns the original weight, which is never written to.
     *
     * @return {@code W [out, in]}, the array itself
     */
    public INDArray originalWeight() {
        return lora.originalWeight();
    }

    /**
     * Returns the factor A.
     *
     * @return {@code A [r, in]}
     */
    @Override
    public Parameter loraA() {
        return lora.loraA();
    }

    /**
     * Returns the factor B.
     *
     * @return {@code B [out, r]}
     */
    @Override
    public Parameter loraB() {
        return lora.loraB();
    }

    /**
     * Returns the magnitude of each output row.
     *
     * @return {@code m [out]}
     */
    public Parameter magnitude() {
        return magnitude;
    }

    /**
     * Returns the scale of B·A.
     *
     * @return s = α/r, or α/√r for rsLoRA
     */
    public double scale() {
        return lora.scale();
    }

    /**
     * Returns the rank.
     *
     * @return r
     */
    public int rank() {
        return lora.rank();
    }

    /** The parametrization that makes V of W. */
    LoRAParametrization lora() {
        return lora;
    }

    /**
     * Computes the update of the weight, whether it is enabled or not.
     *
     * @return {@code ΔW = c∘(W + s·B·A) − W [out, in]}, a new array
     */
    public INDArray delta() {
        return delta(originalWeight());
    }

    /**
     * Computes the effective weight of the layer: {@code W + ΔW} if enabled, and the updates of other enabled
     * parametrizations.
     *
     * @return the effective weight {@code [out, in]}, a new array
     */
    public INDArray effectiveWeight() {
        return lora.effectiveWeight();
    }

    /**
     * Returns the parameters; not part of the API.
     *
     * @hidden
     */
    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>(lora.parameters());
        all.add(magnitude);
        return all;
    }

    /**
     * Creates the same on the same arrays with another scale of B·A; not part of the API.
     *
     * @hidden
     */
    @Override
    public DoRAParametrization rescaled(double multiplier) {
        return multiplier == 1 ? this : new DoRAParametrization(layer, lora.rescaled(multiplier), magnitude);
    }

    /**
     * Returns the arrays; not part of the API.
     *
     * @hidden
     */
    @Override
    public LoRAWeights weights() {
        return new LoRAWeights(layer.kind(), loraA().value(), loraB().value(), magnitude.value(), null);
    }

    /**
     * Copies the arrays; not part of the API.
     *
     * @hidden
     */
    @Override
    public LoRAWeights copyOfWeights() {
        LoRAWeights factors = lora.copyOfWeights();
        return new LoRAWeights(
                layer.kind(),
                factors.loraA(),
                factors.loraB(),
                magnitude.value().dup(),
                null);
    }

    /**
     * Computes the update of a weight; not part of the API.
     *
     * @hidden
     */
    @Override
    public INDArray delta(INDArray original) {
        return weights().delta(original, scale());
    }

    /** Whether the layer is an embedding. */
    boolean isOfEmbedding() {
        return layer.kind() == LayerKind.EMBEDDING;
    }

    /**
     * Creates the factored computation; not part of the API.
     *
     * @hidden
     */
    @Override
    public ParametrizationPass newPass(PassContext context) {
        return new DoRAPass(this, context);
    }

    /**
     * Creates the computation for a pass over an embedding; not part of the API.
     *
     * @hidden
     */
    @Override
    public TokenUpdatePass newTokenPass(PassContext context) {
        return EmbeddingDoRAPass.of(this, context);
    }

    @Override
    public String toString() {
        return layer.path() + ": DoRA(rank " + rank() + ", scale " + scale() + ")";
    }
}
