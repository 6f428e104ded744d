package org.lora4j;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * How a network is adapted: which layers, at which rank and scale, from which beginning (LoRA, <a
 * href="https://arxiv.org/abs/2106.09685">arXiv:2106.09685</a>). The settings are PEFT's; so are the defaults of
 * {@link #builder}.
 *
 * @param rank r, the inner size of B·A, at least 1
 * @param alpha α, the numerator of the scale; finite and positive
 * @param rankStabilized whether the scale is α/√r (rsLoRA, arXiv:2312.03732) instead of α/r
 * @param dora whether the weight is decomposed into magnitude and direction (DoRA, arXiv:2402.09353)
 * @param dropout the share of inputs of A that are dropped in training, in [0, 1)
 * @param init how A and B begin
 * @param seed the seed of beginnings and dropout. Each layer mixes it with its path, so that layers differ
 * @param bias which biases train along
 * @param loraBias whether B has a bias of its own, scaled like B
 * @param targetModules which dense layers are adapted
 * @param excludeModules which of them are not after all, or null
 * @param layersToTransform the indices of layers to which the targets are confined, such as 3 in
 *     {@code encoder.layers.3.fc}; empty for no confinement. As in PEFT, something must stand before {@code layers}
 * @param layersPattern the names that stand before these indices, such as {@code layers}; empty for any
 * @param rankPattern ranks of layers that differ, by the end of their path or a regular expression for it; the first
 *     that matches counts
 * @param alphaPattern likewise for α
 * @param modulesToSave layers that are trained in full, as copies stored with the adapter, by name or the end of
 *     their path
 * @param fanInFanOut whether the base stores its weights {@code [in, out]}; kept for files, since layers know it
 *     themselves
 */
public record LoRAConfig(
        int rank,
        double alpha,
        boolean rankStabilized,
        boolean dora,
        double dropout,
        LoRAInit init,
        long seed,
        BiasTraining bias,
        boolean loraBias,
        TargetModules targetModules,
        @Nullable TargetModules excludeModules,
        List<Integer> layersToTransform,
        List<String> layersPattern,
        Map<String, Integer> rankPattern,
        Map<String, Double> alphaPattern,
        List<String> modulesToSave,
        boolean fanInFanOut) {
    /**
     * Checks the values that need no layer.
     *
     * @param rank see the record
     * @param alpha see the record
     * @param rankStabilized see the record
     * @param dora see the record
     * @param dropout see the record
     * @param init see the record
     * @param seed see the record
     * @param bias see the record
     * @param loraBias see the record
     * @param targetModules see the record
     * @param excludeModules see the record
     * @param layersToTransform see the record
     * @param layersPattern see the record
     * @param rankPattern see the record
     * @param alphaPattern see the record
     * @param modulesToSave see the record
     * @param fanInFanOut see the record
     * @throws IllegalArgumentException if a value is out of its bounds, or two of them exclude each other
     */
    public LoRAConfig {
        requireRank("rank", rank);
        requireAlpha("alpha", alpha);
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("dropout must be in [0, 1), found " + dropout);
        }
        init.requireRank(rank);
        layersToTransform = List.copyOf(layersToTransform);
        layersPattern = List.copyOf(layersPattern);
        if (layersToTransform.isEmpty() && !layersPattern.isEmpty()) {
            throw new IllegalArgumentException(
                    "layersPattern needs layersToTransform, found " + layersPattern + " alone");
        }
        rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
        rankPattern.forEach((key, value) -> {
            TargetModules.regex(key);
            requireRank("rankPattern of '" + key + "'", value);
            init.requireRank(value);
        });
        alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
        alphaPattern.forEach((key, value) -> {
            TargetModules.regex(key);
            requireAlpha("alphaPattern of '" + key + "'", value);
        });
        modulesToSave = List.copyOf(modulesToSave);
        if (dora && (loraBias || init.changesBase())) {
            throw new IllegalArgumentException("dora excludes loraBias and beginnings that take from the base, found "
                    + (loraBias ? "loraBias" : init));
        }
    }

    private static void requireRank(String what, int rank) {
        if (rank < 1) {
            throw new IllegalArgumentException(what + " must be at least 1, found " + rank);
        }
    }

    private static void requireAlpha(String what, double alpha) {
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException(what + " must be finite and positive, found " + alpha);
        }
    }

    /**
     * A configuration with the defaults for all else.
     *
     * @param rank r, at least 1
     * @param alpha α, finite and positive
     * @return a configuration for every dense layer
     * @throws IllegalArgumentException if a value is out of its bounds
     */
    public static LoRAConfig of(int rank, double alpha) {
        return builder().rank(rank).alpha(alpha).build();
    }

    /**
     * Begins a configuration.
     *
     * @return a builder with PEFT's defaults: rank 8, α 8, Kaiming-uniform A, every dense layer
     */
    public static LoRAConfigBuilder builder() {
        return new LoRAConfigBuilder();
    }

    /**
     * Begins a configuration that differs in some values.
     *
     * @return a builder with the values of this
     */
    public LoRAConfigBuilder toBuilder() {
        return new LoRAConfigBuilder(this);
    }

    /**
     * The rank of a layer.
     *
     * @param path its module path
     * @return the first of {@link #rankPattern} that matches, else {@link #rank}
     */
    public int rankOf(String path) {
        return firstMatch(rankPattern, path, rank);
    }

    /**
     * The α of a layer.
     *
     * @param path its module path
     * @return the first of {@link #alphaPattern} that matches, else {@link #alpha}
     */
    public double alphaOf(String path) {
        return firstMatch(alphaPattern, path, alpha);
    }

    /**
     * The factor of a layer's delta.
     *
     * @param path its module path
     * @return s = α/r, or α/√r if {@link #rankStabilized}
     */
    public double scaleOf(String path) {
        double r = rankOf(path);
        return alphaOf(path) / (rankStabilized ? Math.sqrt(r) : r);
    }

    private static <T> T firstMatch(Map<String, T> patterns, String path, T otherwise) {
        return patterns.entrySet().stream()
                .filter(entry -> Pattern.matches("(.*\\.)?(" + entry.getKey() + ")", path))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(otherwise);
    }
}
