package org.lora4j.adapter;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of an adapter: which layers it adapts, at which rank and scale, and from which initialization (LoRA,
 * <a href="https://arxiv.org/abs/2106.09685">arXiv:2106.09685</a>). The settings and their defaults are those of PEFT.
 *
 * <pre>{@code
 * LoRAConfig config = LoRAConfig.builder().rank(8).alpha(16).targetModules("query", "value").build();
 * }</pre>
 *
 * <p>Immutable. Two configurations are equal if all their settings are.
 */
public final class LoRAConfig {
    /** The highest rank. */
    public static final int MAX_RANK = 1 << 20;

    private final int rank;
    private final double alpha;
    private final boolean rankStabilized;
    private final boolean dora;
    private final double dropout;
    private final LoRAInit init;
    private final long seed;
    private final BiasTraining bias;
    private final boolean loraBias;
    private final TargetModules targetModules;
    private final @Nullable TargetModules excludeModules;
    private final List<Integer> layersToTransform;
    private final List<String> layersPattern;
    private final Map<String, Integer> rankPattern;
    private final Map<String, Double> alphaPattern;
    private final PatternMap<Integer> ranks;
    private final PatternMap<Double> alphas;
    private final ModulesToSave saved;
    private final LayerIndices indices;
    private final List<String> modulesToSave;
    private final TrainableTokens trainableTokens;
    private final boolean fanInFanOut;
    private final HubFields hubFields;

    LoRAConfig(LoRAConfigBuilder builder) {
        rank = builder.rank;
        alpha = builder.alpha;
        rankStabilized = builder.rankStabilized;
        dora = builder.dora;
        dropout = builder.dropout;
        init = builder.init;
        seed = builder.seed;
        bias = builder.bias;
        loraBias = builder.loraBias;
        targetModules = builder.targetModules;
        excludeModules = builder.excludeModules;
        layersToTransform = CheckedCopy.of("layersToTransform", builder.layersToTransform);
        layersPattern = CheckedCopy.of("layersPattern", builder.layersPattern);
        rankPattern = CheckedCopy.of("rankPattern", builder.rankPattern);
        alphaPattern = CheckedCopy.of("alphaPattern", builder.alphaPattern);
        modulesToSave = CheckedCopy.of("modulesToSave", builder.modulesToSave);
        trainableTokens = builder.trainableTokens;
        fanInFanOut = builder.fanInFanOut;
        hubFields = builder.hubFields;
        ConfigChecks.require(this);
        ranks = new PatternMap<>("rankPattern", rankPattern);
        alphas = new PatternMap<>("alphaPattern", alphaPattern);
        saved = new ModulesToSave(modulesToSave);
        indices = new LayerIndices(layersToTransform, layersPattern);
    }

    /**
     * Creates a configuration with the defaults for everything else.
     *
     * @param rank r, from 1 to {@value #MAX_RANK}
     * @param alpha α, of less than 10¹⁵ in absolute value; positive to train an adapter
     * @return a configuration for every dense layer
     * @throws IllegalArgumentException if a value is out of bounds
     */
    public static LoRAConfig of(int rank, double alpha) {
        return builder().rank(rank).alpha(alpha).build();
    }

    /**
     * Starts a configuration.
     *
     * @return a builder with PEFT's defaults: rank 8, α 8, Kaiming-uniform A, every dense layer
     */
    public static LoRAConfigBuilder builder() {
        return new LoRAConfigBuilder();
    }

    /**
     * Starts a configuration that differs from this one in some settings.
     *
     * @return a builder with the settings of this configuration
     */
    public LoRAConfigBuilder toBuilder() {
        return new LoRAConfigBuilder(this);
    }

    /** The layers trained in full. */
    ModulesToSave saved() {
        return saved;
    }

    /** The settings of the same update in twice the rank: the scale of each layer stays. */
    LoRAConfig withTwiceTheRank() {
        double factor = rankStabilized ? Math.sqrt(2) : 2;
        Map<String, Integer> ranks = new LinkedHashMap<>();
        rankPattern.forEach((key, value) -> ranks.put(key, 2 * value));
        Map<String, Double> alphas = new LinkedHashMap<>();
        alphaPattern.forEach((key, value) -> alphas.put(key, factor * value));
        return toBuilder()
                .rank(2 * rank)
                .alpha(factor * alpha)
                .rankPattern(ranks)
                .alphaPattern(alphas)
                .init(LoRAInit.kaimingUniform())
                .build();
    }

    /**
     * Returns the rank, the inner size of B·A.
     *
     * @return r, at least 1
     */
    public int rank() {
        return rank;
    }

    /**
     * Returns the numerator of the scale.
     *
     * @return α, finite and positive
     */
    public double alpha() {
        return alpha;
    }

    /**
     * Returns whether the scale is α/√r (rsLoRA, <a href="https://arxiv.org/abs/2312.03732">arXiv:2312.03732</a>).
     *
     * @return true for α/√r, false for α/r
     */
    public boolean rankStabilized() {
        return rankStabilized;
    }

    /**
     * Returns whether magnitude and direction train separately (DoRA, <a
     * href="https://arxiv.org/abs/2402.09353">arXiv:2402.09353</a>).
     *
     * @return true for DoRA
     */
    public boolean dora() {
        return dora;
    }

    /**
     * Returns the probability with which an input of A is set to zero in training.
     *
     * @return a probability in [0, 1)
     */
    public double dropout() {
        return dropout;
    }

    /**
     * Returns the initialization of A and B.
     *
     * @return the initialization
     */
    public LoRAInit init() {
        return init;
    }

    /**
     * Returns the seed of initialization and dropout. Each layer mixes it with its path, so that layers differ.
     *
     * @return the seed
     */
    public long seed() {
        return seed;
    }

    /**
     * Returns which biases train.
     *
     * @return none, those of the adapted layers, or all
     */
    public BiasTraining bias() {
        return bias;
    }

    /**
     * Returns whether B has a bias of its own, which is scaled like B.
     *
     * @return true if it has
     */
    public boolean loraBias() {
        return loraBias;
    }

    /**
     * Returns which layers are adapted.
     *
     * @return the target modules
     */
    public TargetModules targetModules() {
        return targetModules;
    }

    /**
     * Returns which of the target modules are not adapted.
     *
     * @return the excluded modules, or null
     */
    public @Nullable TargetModules excludeModules() {
        return excludeModules;
    }

    /**
     * Returns the layer indices that the targets are restricted to, such as 3 in {@code encoder.layers.3.fc}. As in PEFT,
     * something must stand before {@code layers}.
     *
     * @return the indices; empty for no restriction
     */
    public List<Integer> layersToTransform() {
        return layersToTransform;
    }

    /**
     * Returns the names that stand before these indices, such as {@code layers}.
     *
     * @return the names; empty for any
     */
    public List<String> layersPattern() {
        return layersPattern;
    }

    /**
     * Returns the ranks of layers that differ, by the end of their path or a regular expression for it. The first match
     * counts.
     *
     * @return ranks by pattern
     */
    public Map<String, Integer> rankPattern() {
        return rankPattern;
    }

    /**
     * Returns the α of layers that differ, by the end of their path or a regular expression for it. The first match
     * counts.
     *
     * @return α by pattern
     */
    public Map<String, Double> alphaPattern() {
        return alphaPattern;
    }

    /**
     * Returns the layers that are trained in full, as copies that are stored with the adapter.
     *
     * @return names or ends of paths
     */
    public List<String> modulesToSave() {
        return modulesToSave;
    }

    /**
     * Returns the tokens whose rows of an embedding are replaced and trained.
     *
     * @return the tokens; none by default
     */
    public TrainableTokens trainableTokens() {
        return trainableTokens;
    }

    /**
     * Returns what files say about the adapter beside its settings.
     *
     * @return task type, base and further fields; none by default
     */
    public HubFields hubFields() {
        return hubFields;
    }

    /**
     * Returns whether the base stores its weights {@code [in, out]}. It is kept for files; hosts know it themselves.
     *
     * @return the flag of the file
     */
    public boolean fanInFanOut() {
        return fanInFanOut;
    }

    /**
     * Returns the rank of a layer.
     *
     * @param path its module path
     * @return the first of {@link #rankPattern} that matches, else {@link #rank}
     */
    public int rankOf(String path) {
        return ranks.valueOf(path, rank);
    }

    /**
     * Returns the α of a layer.
     *
     * @param path its module path
     * @return the first of {@link #alphaPattern} that matches, else {@link #alpha}
     */
    public double alphaOf(String path) {
        return alphas.valueOf(path, alpha);
    }

    /**
     * Returns the scale of a layer.
     *
     * @param path its module path
     * @return s = α/r, or α/√r if {@link #rankStabilized}
     */
    public double scaleOf(String path) {
        double r = rankOf(path);
        return alphaOf(path) / (rankStabilized ? Math.sqrt(r) : r);
    }

    /** The layers that the targets are restricted to. */
    LayerIndices indices() {
        return indices;
    }

    /** All settings by name, in the order of the builder. */
    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("rank", rank);
        settings.put("alpha", alpha);
        settings.put("rankStabilized", rankStabilized);
        settings.put("dora", dora);
        settings.put("dropout", dropout);
        settings.put("init", init);
        settings.put("seed", seed);
        settings.put("bias", bias);
        settings.put("loraBias", loraBias);
        settings.put("targetModules", targetModules);
        settings.put("excludeModules", excludeModules == null ? "none" : excludeModules);
        settings.put("layersToTransform", layersToTransform);
        settings.put("layersPattern", layersPattern);
        settings.put("rankPattern", rankPattern);
        settings.put("alphaPattern", alphaPattern);
        settings.put("modulesToSave", modulesToSave);
        settings.put("trainableTokens", trainableTokens);
        settings.put("fanInFanOut", fanInFanOut);
        settings.put("hubFields", hubFields);
        return settings;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoRAConfig that && settings().equals(that.settings());
    }

    @Override
    public int hashCode() {
        return settings().hashCode();
    }

    /** Names the rank, α, and the other settings that are not the defaults. */
    @Override
    public String toString() {
        Map<String, Object> named = settings();
        Map<String, Object> defaults = of(rank, alpha).settings();
        defaults.keySet().removeAll(Set.of("rank", "alpha"));
        named.entrySet().removeAll(defaults.entrySet());
        return "LoRAConfig" + named;
    }

    /**
     * What {@code adapter_config.json} says about an adapter that does not change what it computes here. It is kept when an
     * adapter is read and saved again, because Python's PEFT and programs around it need it: its Auto classes open an adapter by
     * its task type and its base.
     *
     * @param taskType PEFT's task type, such as {@code SEQ_CLS}, or null
     * @param baseModel the name or folder of the base, {@code base_model_name_or_path}, or null
     * @param revision the version of the base, or null
     * @param others all further fields by name, each as JSON
     */
    public record HubFields(
            @Nullable String taskType,
            @Nullable String baseModel,
            @Nullable String revision,
            Map<String, String> others) {
        private static final Set<String> CLASSIFIERS = Set.of("SEQ_CLS", "TOKEN_CLS");

        private static final HubFields NONE = new HubFields(null, null, null, Map.of());

        /**
         * Copies the map.
         *
         * @param taskType the task type, or null
         * @param baseModel the name or folder of the base, or null
         * @param revision the version of the base, or null
         * @param others all further fields by name
         */
        public HubFields {
            Objects.requireNonNull(others, "others must not be null");
            others = Collections.unmodifiableMap(new TreeMap<>(CheckedCopy.of("others", others)));
        }

        /**
         * Returns no fields.
         *
         * @return the fields of an adapter of which nothing is known
         */
        public static HubFields none() {
            return NONE;
        }

        /**
         * Changes the task type.
         *
         * @param changed PEFT's task type: {@code SEQ_CLS}, {@code TOKEN_CLS}, {@code FEATURE_EXTRACTION}, {@code CAUSAL_LM} or
         *     another; null for none
         * @return these fields with this change
         */
        public HubFields withTaskType(@Nullable String changed) {
            return new HubFields(changed, baseModel, revision, others);
        }

        /**
         * Returns whether PEFT opens an adapter of this task type only with its head.
         *
         * @return true for the classifiers, {@code SEQ_CLS} and {@code TOKEN_CLS}
         */
        public boolean needsHead() {
            return CLASSIFIERS.contains(Objects.requireNonNullElse(taskType, ""));
        }

        /**
         * Changes the base.
         *
         * @param name its name or folder, as {@code from_pretrained} takes it; null for none
         * @return these fields with this change
         */
        public HubFields withBaseModel(@Nullable String name) {
            return new HubFields(taskType, name, revision, others);
        }

        /**
         * Changes the version of the base.
         *
         * @param changed a branch, tag or commit; null for none
         * @return these fields with this change
         */
        public HubFields withRevision(@Nullable String changed) {
            return new HubFields(taskType, baseModel, changed, others);
        }
    }
}
