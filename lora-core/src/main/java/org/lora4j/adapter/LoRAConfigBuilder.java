package org.lora4j.adapter;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Builds a {@link LoRAConfig}. The values are checked by {@link #build}. */
public final class LoRAConfigBuilder {
    int rank = 8;
    double alpha = 8;
    boolean rankStabilized;
    boolean dora;
    double dropout;
    LoRAInit init = LoRAInit.kaimingUniform();
    long seed;
    BiasTraining bias = BiasTraining.NONE;
    boolean loraBias;
    TargetModules targetModules = TargetModules.allLinear();

    @Nullable
    TargetModules excludeModules;

    List<Integer> layersToTransform = List.of();
    List<String> layersPattern = List.of();
    Map<String, Integer> rankPattern = Map.of();
    Map<String, Double> alphaPattern = Map.of();
    List<String> modulesToSave = List.of();
    boolean fanInFanOut;

    LoRAConfigBuilder() {}

    LoRAConfigBuilder(LoRAConfig config) {
        rank = config.rank();
        alpha = config.alpha();
        rankStabilized = config.rankStabilized();
        dora = config.dora();
        dropout = config.dropout();
        init = config.init();
        seed = config.seed();
        bias = config.bias();
        loraBias = config.loraBias();
        targetModules = config.targetModules();
        excludeModules = config.excludeModules();
        layersToTransform = config.layersToTransform();
        layersPattern = config.layersPattern();
        rankPattern = config.rankPattern();
        alphaPattern = config.alphaPattern();
        modulesToSave = config.modulesToSave();
        fanInFanOut = config.fanInFanOut();
    }

    /**
     * Sets r, 8 by default.
     *
     * @param rank the inner size of B·A, at least 1
     * @return this
     */
    public LoRAConfigBuilder rank(int rank) {
        this.rank = rank;
        return this;
    }

    /**
     * Sets α, 8 by default.
     *
     * @param alpha the numerator of the scale, finite and positive
     * @return this
     */
    public LoRAConfigBuilder alpha(double alpha) {
        this.alpha = alpha;
        return this;
    }

    /**
     * Sets whether the scale is α/√r instead of α/r, false by default (rsLoRA, arXiv:2312.03732).
     *
     * @param rankStabilized whether it is
     * @return this
     */
    public LoRAConfigBuilder rankStabilized(boolean rankStabilized) {
        this.rankStabilized = rankStabilized;
        return this;
    }

    /**
     * Sets whether magnitude and direction are decomposed, false by default (DoRA, arXiv:2402.09353).
     *
     * @param dora whether they are
     * @return this
     */
    public LoRAConfigBuilder dora(boolean dora) {
        this.dora = dora;
        return this;
    }

    /**
     * Sets the share of inputs of A that are dropped in training, 0 by default.
     *
     * @param dropout a share in [0, 1)
     * @return this
     */
    public LoRAConfigBuilder dropout(double dropout) {
        this.dropout = dropout;
        return this;
    }

    /**
     * Sets how A and B begin, Kaiming-uniform A and zero B by default.
     *
     * @param init the beginning
     * @return this
     */
    public LoRAConfigBuilder init(LoRAInit init) {
        this.init = Objects.requireNonNull(init, "init must not be null");
        return this;
    }

    /**
     * Sets the seed of beginnings and dropout, 0 by default.
     *
     * @param seed the seed
     * @return this
     */
    public LoRAConfigBuilder seed(long seed) {
        this.seed = seed;
        return this;
    }

    /**
     * Sets which biases train along, none by default.
     *
     * @param bias which
     * @return this
     */
    public LoRAConfigBuilder bias(BiasTraining bias) {
        this.bias = Objects.requireNonNull(bias, "bias must not be null");
        return this;
    }

    /**
     * Sets whether B has a bias of its own, false by default.
     *
     * @param loraBias whether it has
     * @return this
     */
    public LoRAConfigBuilder loraBias(boolean loraBias) {
        this.loraBias = loraBias;
        return this;
    }

    /**
     * Sets which dense layers are adapted, all by default.
     *
     * @param targetModules which
     * @return this
     */
    public LoRAConfigBuilder targetModules(TargetModules targetModules) {
        this.targetModules = Objects.requireNonNull(targetModules, "targetModules must not be null");
        return this;
    }

    /**
     * Sets which dense layers are adapted, by name.
     *
     * @param entries whole paths or their last parts
     * @return this
     * @throws IllegalArgumentException if there is none or one is blank
     */
    public LoRAConfigBuilder targetModules(String... entries) {
        return targetModules(TargetModules.of(entries));
    }

    /**
     * Sets which of the targets are not adapted after all, none by default.
     *
     * @param excludeModules which, or null
     * @return this
     */
    public LoRAConfigBuilder excludeModules(@Nullable TargetModules excludeModules) {
        this.excludeModules = excludeModules;
        return this;
    }

    /**
     * Sets the indices of layers to which the targets are confined, none by default.
     *
     * @param layersToTransform indices such as 3 in {@code encoder.layers.3.fc}
     * @return this
     */
    public LoRAConfigBuilder layersToTransform(List<Integer> layersToTransform) {
        this.layersToTransform = Objects.requireNonNull(layersToTransform, "layersToTransform must not be null");
        return this;
    }

    /**
     * Sets the names before these indices, any by default.
     *
     * @param layersPattern names such as {@code layers}
     * @return this
     */
    public LoRAConfigBuilder layersPattern(List<String> layersPattern) {
        this.layersPattern = Objects.requireNonNull(layersPattern, "layersPattern must not be null");
        return this;
    }

    /**
     * Sets ranks of layers that differ, none by default.
     *
     * @param rankPattern ranks by the end of a path or an expression for it; the first that matches counts
     * @return this
     */
    public LoRAConfigBuilder rankPattern(Map<String, Integer> rankPattern) {
        this.rankPattern = Objects.requireNonNull(rankPattern, "rankPattern must not be null");
        return this;
    }

    /**
     * Sets α of layers that differ, none by default.
     *
     * @param alphaPattern values by the end of a path or an expression for it; the first that matches counts
     * @return this
     */
    public LoRAConfigBuilder alphaPattern(Map<String, Double> alphaPattern) {
        this.alphaPattern = Objects.requireNonNull(alphaPattern, "alphaPattern must not be null");
        return this;
    }

    /**
     * Sets which layers are trained in full and stored with the adapter, none by default.
     *
     * @param modulesToSave paths or their last parts
     * @return this
     */
    public LoRAConfigBuilder modulesToSave(List<String> modulesToSave) {
        this.modulesToSave = Objects.requireNonNull(modulesToSave, "modulesToSave must not be null");
        return this;
    }

    /**
     * Sets which layers are trained in full and stored with the adapter.
     *
     * @param entries paths or their last parts
     * @return this
     */
    public LoRAConfigBuilder modulesToSave(String... entries) {
        return modulesToSave(List.of(entries));
    }

    /**
     * Sets whether the base stores its weights {@code [in, out]}, false by default.
     *
     * @param fanInFanOut whether it does
     * @return this
     */
    public LoRAConfigBuilder fanInFanOut(boolean fanInFanOut) {
        this.fanInFanOut = fanInFanOut;
        return this;
    }

    /**
     * Makes the configuration.
     *
     * @return the configuration
     * @throws IllegalArgumentException if a value is out of its bounds, or two of them exclude each other
     */
    public LoRAConfig build() {
        return new LoRAConfig(this);
    }
}
