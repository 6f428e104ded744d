package org.lora4j;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.update.internal.LoRAUpdate;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A frozen weight {@code W [out, in]} used as {@code W + s·B·A}, with {@code A [r, in]}, {@code B [out, r]} and
 * {@code s = α/r} (LoRA, <a href="https://arxiv.org/abs/2106.09685">arXiv:2106.09685</a>). Only A and B train.
 *
 * <pre>{@code
 * network.freeze();
 * LoRAParametrization lora = LoRAParametrization.register(network.linear("linear1"), LoRAConfig.of(1, 1));
 * Trainer.builder(network).build().fit(data);     // trains A and B alone
 * lora.setEnabled(false);                         // the network computes with W again, bit for bit
 * }</pre>
 *
 * <p>Computing and training use the factored form {@code y = x·Wᵀ + b + s·(drop(x)·Aᵀ)·Bᵀ}, which costs
 * {@code r·(in + out)} multiplications a row and forms nothing of the size of W. With {@code g = ∂L/∂y} and
 * {@code u = drop(x)·Aᵀ} its gradients are {@code ∂B = s·gᵀ·u}, {@code ∂A = s·(g·B)ᵀ·drop(x)} and
 * {@code ∂x = g·W + drop'(s·(g·B)·A)}.
 *
 * <p>With an initialization that is subtracted from the base (PiSSA, OLoRA), ΔW is {@code s·(B·A − B₀·A₀)}. With a bias
 * of B, {@code s·b_B} is also added to the layer's bias.
 *
 * <h2>DoRA</h2>
 *
 * <p>A configuration with {@link LoRAConfig#dora} adds a {@link #magnitude} {@code m [out]}, which also trains. The weight is
 * then used as {@code m ∘ V / ‖V‖} with {@code V = W + s·B·A}: magnitude and direction of each output row train separately
 * (DoRA, <a href="https://arxiv.org/abs/2402.09353">arXiv:2402.09353</a>). The norm is that of a row, and m starts as
 * {@code ‖W‖}, so that nothing changes at the start.
 *
 * <p>With {@code c = m / ‖V‖} the layer computes {@code y = c∘(x·Wᵀ + s·(x·Aᵀ)·Bᵀ) + b}; the bias is not scaled. As in
 * the paper's section 4.3, no gradient flows through the norm. Dropout is PEFT's: with {@code x̃ = drop(x)},
 * {@code y = x·Wᵀ + (c−1)∘(x̃·Wᵀ) + c∘s·(x̃·Aᵀ)·Bᵀ + b}.
 *
 * <p>A row of V that is zero has no direction: there {@code c = 1}, so that the row stays zero and B can train. The norms of
 * W's rows are computed once, and again after W was unfrozen. Do not write to W while it is frozen.
 */
public final class LoRAParametrization {
    /** The name under which {@link #register(Linear, LoRAConfig)} registers. */
    public static final String DEFAULT_NAME = "default";

    private static final Logger log = LoggerFactory.getLogger(LoRAParametrization.class);

    private final WeightedLayer layer;
    private final String name;
    private final LoRAUpdate update;

    private LoRAParametrization(WeightedLayer layer, String name, LoRAUpdate update) {
        this.layer = layer;
        this.name = name;
        this.update = update;
    }

    /**
     * Registers a parametrization at its initialization on the weight of a layer, under the name {@value #DEFAULT_NAME}.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param config rank, scale, initialization and variants; its choice of modules is not read
     * @return the parametrization, enabled
     * @throws IllegalArgumentException if the layer has a parametrization of this name, or the initialization cannot give
     *     the rank
     */
    public static LoRAParametrization register(Linear linear, LoRAConfig config) {
        return register(linear, DEFAULT_NAME, config);
    }

    /**
     * Registers a parametrization at its initialization on the weight of a layer. A weight can carry several
     * parametrizations by name; the updates of those that are enabled add up.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param name the name of the parametrization on this layer
     * @param config rank, scale, initialization and variants; its choice of modules is not read
     * @return the parametrization, enabled
     * @throws IllegalArgumentException if the layer has a parametrization of this name, or the initialization cannot give
     *     the rank
     */
    public static LoRAParametrization register(Linear linear, String name, LoRAConfig config) {
        Objects.requireNonNull(linear, "linear must not be null");
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        LoRAUpdate update = LoRAUpdate.create(linear, config);
        linear.updates().register(name, update);
        freeze(linear);
        return new LoRAParametrization(linear, name, update);
    }

    static void freeze(WeightedLayer layer) {
        for (Parameter parameter : layer.parameters()) {
            parameter.setTrainable(false);
            log.debug("{} is frozen", parameter.name());
        }
    }

    /**
     * Counts the parameters of a network and of the parametrizations that are registered on its layers.
     *
     * @param network the network; a layer with several parametrizations is reported with the first
     * @return the report
     */
    public static ParameterReport parameterReport(Network network) {
        Objects.requireNonNull(network, "network must not be null");
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        for (WeightedLayer layer : network.weightedLayers()) {
            for (WeightUpdate registered : layer.updates().all().values()) {
                if (registered instanceof LoRAUpdate lora) {
                    weights.putIfAbsent(layer.path(), lora.weights());
                }
            }
        }
        return ParameterReport.of(network, weights);
    }

    /**
     * Removes the parametrization from its layer, whose effective weight no longer has its update. The layer stays frozen.
     *
     * @throws IllegalArgumentException if it is not registered
     */
    public void remove() {
        layer.updates().remove(name);
    }

    /**
     * Enables or disables the parametrization. While it is disabled, the layer computes with the original, bit for bit.
     *
     * @param enabled whether ΔW is added
     * @throws IllegalArgumentException if it is not registered
     */
    public void setEnabled(boolean enabled) {
        layer.updates().setEnabled(name, enabled);
    }

    /**
     * Returns whether the parametrization is enabled.
     *
     * @return true if ΔW is added
     * @throws IllegalArgumentException if it is not registered
     */
    public boolean isEnabled() {
        return layer.updates().isEnabled(name);
    }

    /**
     * Returns the original weight, which is never written to.
     *
     * @return {@code W [out, in]}, the array itself
     */
    public INDArray originalWeight() {
        return layer.weight();
    }

    /**
     * Returns the factor A.
     *
     * @return {@code A [r, in]}
     */
    public Parameter loraA() {
        return update.loraA();
    }

    /**
     * Returns the factor B.
     *
     * @return {@code B [out, r]}
     */
    public Parameter loraB() {
        return update.loraB();
    }

    /**
     * Returns DoRA's magnitude of each output row.
     *
     * @return {@code m [out]}, or null without DoRA
     */
    public @Nullable Parameter magnitude() {
        return update.magnitude();
    }

    /**
     * Returns the bias of B.
     *
     * @return {@code b_B [out]}, or null if there is none
     */
    public @Nullable Parameter loraBBias() {
        return update.loraBBias();
    }

    /**
     * Returns all parameters of the parametrization.
     *
     * @return A, B, and where there are any, the bias of B and the magnitude
     */
    public List<Parameter> parameters() {
        return update.parameters();
    }

    /**
     * Returns the scale of B·A.
     *
     * @return s = α/r, or α/√r for rsLoRA
     */
    public double scale() {
        return update.scale();
    }

    /**
     * Returns the rank.
     *
     * @return r
     */
    public int rank() {
        return update.rank();
    }

    /** What the layer computes with. */
    LoRAUpdate update() {
        return update;
    }

    /**
     * Computes the update of the weight, whether it is enabled or not.
     *
     * @return {@code ΔW = s·B·A [out, in]}, with DoRA {@code c∘(W + s·B·A) − W}, a new array
     */
    public INDArray delta() {
        return update.delta(originalWeight());
    }

    /**
     * Computes the effective weight of the layer: {@code W + ΔW} if enabled, and the updates of other enabled
     * parametrizations.
     *
     * @return the effective weight {@code [out, in]}, a new array
     */
    public INDArray effectiveWeight() {
        return layer.effectiveWeight();
    }

    @Override
    public String toString() {
        return update.toString();
    }
}
