package org.lora4j.adapter;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Builds a {@link LoRAConfig}. {@link #build} checks the values. */
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
    TrainableTokens trainableTokens = TrainableTokens.none();
    boolean fanInFanOut;
    LoRAConfig.HubFields hubFields = LoRAConfig.HubFields.none();

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
        trainableTokens = config.trainableTokens();
        fanInFanOut = config.fanInFanOut();
        hubFields = config.hubFields();
    }

    /**
     * Sets the rank r; 8 by default.
     *
     * @param rank the inner size of B·A, from 1 to {@value LoRAConfig#MAX_RANK}
     * @return this
     */
    public LoRAConfigBuilder rank(int rank) {
        this.rank = rank;
        return this;
    }

    /**
     * Sets α; 8 by default.
     *
     * @param alpha the numerator of the scale, of less than 10¹⁵ in absolute value; positive to train an adapter
     * @return this
     */
    public LoRAConfigBuilder alpha(double alpha) {
        this.alpha = alpha;
        return this;
    }

    /**
     * Sets whether the scale is α/√r instead of α/r (rsLoRA, arXiv:2312.03732); false by default.
     *
     * @param rankStabilized true for α/√r
     * @return this
     */
    public LoRAConfigBuilder rankStabilized(boolean rankStabilized) {
        this.rankStabilized = rankStabilized;
        return this;
    }

    /**
     * Sets whether magnitude and direction train separately (DoRA, arXiv:2402.09353); false by default.
     *
     * @param dora true for DoRA
     * @return this
     */
    public LoRAConfigBuilder dora(boolean dora) {
        this.dora = dora;
        return this;
    }

    /**
     * Sets the probability with which an input of A is set to zero in training; 0 by default.
     *
     * @param dropout a probability in [0, 1)
     * @return this
     */
    public LoRAConfigBuilder dropout(double dropout) {
        this.dropout = dropout;
        return this;
    }

    /**
     * Sets the initialization of A and B; Kaiming-uniform A and zero B by default.
     *
     * @param init the initialization
     * @return this
     */
    public LoRAConfigBuilder init(LoRAInit init) {
        this.init = Objects.requireNonNull(init, "init must not be null");
        return this;
    }

    /**
     * Sets the seed of initialization and dropout; 0 by default.
     *
     * @param seed the seed
     * @return this
     */
    public LoRAConfigBuilder seed(long seed) {
        this.seed = seed;
        return this;
    }

    /**
     * Sets which biases train beside A and B; none by default.
     *
     * @param bias none, those of the adapted layers, or all
     * @return this
     */
    public LoRAConfigBuilder bias(BiasTraining bias) {
        this.bias = Objects.requireNonNull(bias, "bias must not be null");
        return this;
    }

    /**
     * Sets whether B has a bias of its own, which is scaled like B; false by default.
     *
     * @param loraBias true for a bias of B
     * @return this
     */
    public LoRAConfigBuilder loraBias(boolean loraBias) {
        this.loraBias = loraBias;
        return this;
    }

    /**
     * Sets which layers are adapted; every dense layer by default.
     *
     * @param targetModules a choice of layers
     * @return this
     */
    public LoRAConfigBuilder targetModules(TargetModules targetModules) {
        this.targetModules = Objects.requireNonNull(targetModules, "targetModules must not be null");
        return this;
    }

    /**
     * Sets which layers are adapted, by name.
     *
     * @param entries whole paths or their last parts
     * @return this
     * @throws IllegalArgumentException if there is none or one is blank
     */
    public LoRAConfigBuilder targetModules(String... entries) {
        return targetModules(TargetModules.of(entries));
    }

    /**
     * Sets which of the target modules are not adapted; none by default.
     *
     * @param excludeModules a choice of layers, or null for none
     * @return this
     */
    public LoRAConfigBuilder excludeModules(@Nullable TargetModules excludeModules) {
        this.excludeModules = excludeModules;
        return this;
    }

    /**
     * Restricts the target modules to layers with some indices; no restriction by default.
     *
     * @param layersToTransform indices such as 3 in {@code encoder.layers.3.fc}
     * @return this
     */
    public LoRAConfigBuilder layersToTransform(List<Integer> layersToTransform) {
        this.layersToTransform = Objects.requireNonNull(layersToTransform, "layersToTransform must not be null");
        return this;
    }

    /**
     * Sets the names that stand before these indices in a path; any name by default.
     *
     * @param layersPattern names such as {@code layers}
     * @return this
     */
    public LoRAConfigBuilder layersPattern(List<String> layersPattern) {
        this.layersPattern = Objects.requireNonNull(layersPattern, "layersPattern must not be null");
        return this;
    }

    /**
     * Sets the ranks of layers that differ from {@link #rank}; none by default.
     *
     * @param rankPattern ranks by the end of a path or a regular expression for it; the first match counts
     * @return this
     */
    public LoRAConfigBuilder rankPattern(Map<String, Integer> rankPattern) {
        this.rankPattern = Objects.requireNonNull(rankPattern, "rankPattern must not be null");
        return this;
    }

    /**
     * Sets the α of layers that differ from {@link #alpha}; none by default.
     *
     * @param alphaPattern values by the end of a path or a regular expression for it; the first match counts
     * @return this
     */
    public LoRAConfigBuilder alphaPattern(Map<String, Double> alphaPattern) {
        this.alphaPattern = Objects.requireNonNull(alphaPattern, "alphaPattern must not be null");
        return this;
    }

    /**
     * Sets which layers are trained in full and stored with the adapter; none by default.
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
        Objects.requireNonNull(entries, "entries must not be null");
        return modulesToSave(Arrays.asList(entries));
    }

    /**
     * Sets which tokens get rows of their own in an embedding, which train; none by default. Everything else about the
     * embedding stays frozen.
     *
     * @param trainableTokens tokens of the input embedding or of named modules
     * @return this
     */
    public LoRAConfigBuilder trainableTokens(TrainableTokens trainableTokens) {
        this.trainableTokens = Objects.requireNonNull(trainableTokens, "trainableTokens must not be null");
        return this;
    }

    /**
     * Sets which tokens of the model's input embedding get rows of their own, which train.
     *
     * @param tokens rows of the table
     * @return this
     * @throws IllegalArgumentException if one is negative or named twice
     */
    public LoRAConfigBuilder trainableTokens(int... tokens) {
        return trainableTokens(TrainableTokens.of(tokens));
    }

    /**
     * Sets what files say about the adapter beside its settings; nothing by default. A new adapter gets the task type of its
     * host if none is set and the host knows it.
     *
     * @param hubFields task type, base and further fields
     * @return this
     */
    public LoRAConfigBuilder hubFields(LoRAConfig.HubFields hubFields) {
        this.hubFields = Objects.requireNonNull(hubFields, "hubFields must not be null");
        return this;
    }

    /**
     * Sets whether the base stores its weights {@code [in, out]}; false by default. The flag is kept for files.
     *
     * @param fanInFanOut true for {@code [in, out]}
     * @return this
     */
    public LoRAConfigBuilder fanInFanOut(boolean fanInFanOut) {
        this.fanInFanOut = fanInFanOut;
        return this;
    }

    /**
     * Creates the configuration.
     *
     * @return the configuration
     * @throws IllegalArgumentException if a value is out of bounds, or two settings exclude each other
     */
    public LoRAConfig build() {
        return new LoRAConfig(this);
    }
}
