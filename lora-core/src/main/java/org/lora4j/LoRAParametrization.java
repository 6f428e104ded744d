package org.lora4j;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.ParameterReport;
import org.lora4j.internal.FlatRow;
import org.lora4j.internal.LayerSeed;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.Embedding;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.WeightedLayer;
import org.lora4j.nn.internal.Parametrization;
import org.lora4j.nn.internal.ParametrizationPass;
import org.lora4j.nn.internal.PassContext;
import org.lora4j.nn.internal.TokenUpdatePass;
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
 */
public final class LoRAParametrization implements AdapterParametrization {
    /** The name under which {@link #register(Linear, LoRAConfig)} registers. */
    public static final String DEFAULT_NAME = "default";

    private static final Logger log = LoggerFactory.getLogger(LoRAParametrization.class);

    private final WeightedLayer layer;
    private final String name;
    private final double scale;
    private final double dropout;
    private final long seed;
    private final Parameter loraA;
    private final Parameter loraB;
    private final @Nullable Parameter loraBBias;
    private final @Nullable INDArray loraBBiasRow;
    private final @Nullable LoRAWeights subtracted;

    private LoRAParametrization(
            WeightedLayer layer,
            String name,
            LoRAConfig config,
            LoRAWeights weights,
            @Nullable LowRankFactors subtracted) {
        String path = layer.path();
        String prefix = layer.kind() == LayerKind.EMBEDDING ? ".lora_embedding_" : ".lora_";
        String suffix = layer.kind() == LayerKind.EMBEDDING ? "" : ".weight";
        INDArray bBias = weights.loraBBias();
        this.layer = layer;
        this.name = name;
        scale = config.scaleOf(path);
        dropout = config.dropout();
        seed = LayerSeed.of(config.seed(), path);
        // Rows of A and columns of B each in one piece: what a product of few rows reads fastest.
        loraA = new Parameter(path + prefix + "A" + suffix, weights.loraA().dup('c'), true);
        loraB = new Parameter(
                path + prefix + "B" + suffix,
                weights.loraB().dup('f'),
                !config.init().freezesB());
        loraBBias = bBias == null ? null : new Parameter(path + ".lora_B.bias", bBias.dup('c'), true);
        loraBBiasRow = loraBBias == null ? null : FlatRow.of(loraBBias.value());
        this.subtracted = subtracted == null
                ? null
                : new LoRAWeights(
                        layer.kind(), subtracted.a().dup('c'), subtracted.b().dup('f'), null, null);
    }

    /** A parametrization on the arrays of another, with another scale. */
    private LoRAParametrization(LoRAParametrization other, double scale) {
        layer = other.layer;
        name = other.name;
        this.scale = scale;
        dropout = other.dropout;
        seed = other.seed;
        loraA = other.loraA;
        loraB = other.loraB;
        loraBBias = other.loraBBias;
        loraBBiasRow = other.loraBBiasRow;
        subtracted = other.subtracted;
    }

    /** Creates a parametrization at its initialization. */
    static LoRAParametrization create(WeightedLayer layer, String name, LoRAConfig config) {
        LoRAWeights initial = LoRAWeights.initialize(layer, config);
        return new LoRAParametrization(
                layer, name, config, initial, config.init().subtractsFromBase() ? initial.factors() : null);
    }

    /** Creates a parametrization from arrays, which are copied. */
    static LoRAParametrization of(
            WeightedLayer layer,
            String name,
            LoRAConfig config,
            LoRAWeights weights,
            @Nullable LowRankFactors subtracted) {
        return new LoRAParametrization(layer, name, config, weights, subtracted);
    }

    /**
     * Registers a parametrization at its initialization on the weight of a layer, under the name {@value #DEFAULT_NAME}.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param config rank, scale and initialization; its choice of modules is not read
     * @return the parametrization, enabled
     * @throws IllegalArgumentException if the layer has a parametrization of this name, the configuration has DoRA, or
     *     the initialization cannot give the rank
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
     * @param config rank, scale and initialization; its choice of modules is not read
     * @return the parametrization, enabled
     * @throws IllegalArgumentException if the layer has a parametrization of this name, the configuration has DoRA, or
     *     the initialization cannot give the rank
     */
    public static LoRAParametrization register(Linear linear, String name, LoRAConfig config) {
        Objects.requireNonNull(linear, "linear must not be null");
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(config, "config must not be null");
        if (config.dora()) {
            throw new IllegalArgumentException(linear.path()
                    + ": a configuration with dora must be registered by DoRAParametrization, found dora set");
        }
        LoRAParametrization lora = create(linear, name, config);
        linear.parametrizations().register(name, lora);
        freeze(linear);
        return lora;
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
            for (Parametrization registered : layer.parametrizations().all().values()) {
                if (registered instanceof AdapterParametrization lora) {
                    weights.putIfAbsent(
                            layer.path(),
                            new LoRAWeights(
                                    layer.kind(),
                                    lora.loraA().value(),
                                    lora.loraB().value(),
                                    null,
                                    null));
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
        layer.parametrizations().remove(name);
    }

    /**
     * Enables or disables the parametrization. While it is disabled, the layer computes with the original, bit for bit.
     *
     * @param enabled whether ΔW is added
     * @throws IllegalArgumentException if it is not registered
     */
    public void setEnabled(boolean enabled) {
        layer.parametrizations().setEnabled(name, enabled);
    }

    /**
     * Returns whether the parametrization is enabled.
     *
     * @return true if ΔW is added
     * @throws IllegalArgumentException if it is not registered
     */
    public boolean isEnabled() {
        return layer.parametrizations().isEnabled(name);
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
    @Override
    public Parameter loraA() {
        return loraA;
    }

    /**
     * Returns the factor B.
     *
     * @return {@code B [out, r]}
     */
    @Override
    public Parameter loraB() {
        return loraB;
    }

    /**
     * Returns the bias of B.
     *
     * @return {@code b_B [out]}, or null if there is none
     */
    public @Nullable Parameter loraBBias() {
        return loraBBias;
    }

    /**
     * Returns the scale of the update.
     *
     * @return s = α/r, or α/√r for rsLoRA
     */
    public double scale() {
        return scale;
    }

    /**
     * Returns the rank.
     *
     * @return r
     */
    public int rank() {
        return Math.toIntExact(loraA.value().size(0));
    }

    /** The bias of B as a row {@code [1, out]} on the same memory, or null. */
    @Nullable
    INDArray loraBBiasRow() {
        return loraBBiasRow;
    }

    /** {@code A₀} and {@code B₀}, which are subtracted from the base, or null. */
    @Nullable
    LoRAWeights subtracted() {
        return subtracted;
    }

    /**
     * Returns the arrays; not part of the API.
     *
     * @hidden
     */
    @Override
    public LoRAWeights weights() {
        return new LoRAWeights(
                layer.kind(), loraA.value(), loraB.value(), null, loraBBias == null ? null : loraBBias.value());
    }

    WeightedLayer layer() {
        return layer;
    }

    /** The token of an embedding that has no gradient, or {@link Embedding#NO_PADDING}. */
    int padding() {
        return layer instanceof Embedding embedding ? embedding.padding() : Embedding.NO_PADDING;
    }

    double dropout() {
        return dropout;
    }

    long seed() {
        return seed;
    }

    /**
     * Computes the update of the weight, whether it is enabled or not.
     *
     * @return {@code ΔW = (B·A)·s [out, in]}, a new array
     */
    public INDArray delta() {
        return delta(originalWeight());
    }

    /**
     * Computes the update of a weight; not part of the API.
     *
     * @hidden
     */
    @Override
    public INDArray delta(INDArray original) {
        INDArray delta = new LoRAWeights(layer.kind(), loraA.value(), loraB.value(), null, null).delta(original, scale);
        return subtracted == null ? delta : delta.subi(subtracted.delta(original, scale));
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

    /**
     * Returns the parameters; not part of the API.
     *
     * @hidden
     */
    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>(List.of(loraA, loraB));
        if (loraBBias != null) {
            all.add(loraBBias);
        }
        return all;
    }

    /**
     * Creates the same on the same arrays with another scale; not part of the API.
     *
     * @hidden
     */
    @Override
    public LoRAParametrization rescaled(double multiplier) {
        return multiplier == 1 ? this : new LoRAParametrization(this, scale * multiplier);
    }

    /**
     * Copies the arrays; not part of the API.
     *
     * @hidden
     */
    @Override
    public LoRAWeights copyOfWeights() {
        return new LoRAWeights(
                layer.kind(),
                loraA.value().dup('c'),
                loraB.value().dup('c'),
                null,
                loraBBias == null ? null : loraBBias.value().dup());
    }

    /**
     * Computes the update of the bias; not part of the API.
     *
     * @hidden
     */
    @Override
    public @Nullable INDArray biasDelta() {
        return loraBBias == null ? null : loraBBias.value().mul(scale);
    }

    /**
     * Creates the factored computation; not part of the API.
     *
     * @hidden
     */
    @Override
    public ParametrizationPass newPass(PassContext context) {
        return new LoRAPass(this, context);
    }

    /**
     * Creates the computation for a pass over an embedding; not part of the API.
     *
     * @hidden
     */
    @Override
    public TokenUpdatePass newTokenPass(PassContext context) {
        return new EmbeddingLoRAPass(this, context);
    }

    @Override
    public String toString() {
        return layer.path() + ": LoRA(rank " + rank() + ", scale " + scale + ")";
    }
}
