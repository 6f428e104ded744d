package org.lora4j.algebra;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.TargetModules;

/** Configurations of adapters that were calculated. */
final class AdapterConfigs {
    private AdapterConfigs() {}

    /**
     * A configuration that gives each layer the rank of its factors and a scale. Layers that differ from the first have
     * patterns of their own. The beginning becomes the default, since it has been.
     */
    static LoRAConfig withScales(
            LoRAConfig template, Map<String, LoRAWeights> weights, ToDoubleFunction<String> scale) {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        Map<String, Double> alphas = new LinkedHashMap<>();
        weights.forEach((path, layer) -> {
            int rank = layer.rank();
            ranks.put(path, rank);
            alphas.put(path, scale.applyAsDouble(path) * (template.rankStabilized() ? Math.sqrt(rank) : rank));
        });
        String first = weights.keySet().iterator().next();
        int rank = ranks.getOrDefault(first, 1);
        double alpha = alphas.getOrDefault(first, 1.0);
        return template.toBuilder()
                .init(LoRAInit.kaimingUniform())
                .rank(rank)
                .alpha(alpha)
                .rankPattern(patterns(ranks, rank))
                .alphaPattern(patterns(alphas, alpha))
                .build();
    }

    /** Anchored: a key without an anchor also means every path that ends with it. */
    private static <T> Map<String, T> patterns(Map<String, T> values, T otherwise) {
        Map<String, T> patterns = new LinkedHashMap<>();
        values.forEach((path, value) -> {
            if (!value.equals(otherwise)) {
                patterns.put("^" + expression(Set.of(path)).expression(), value);
            }
        });
        return patterns;
    }

    /**
     * A configuration for exactly the given layers: the selection of all configurations if it is one and the same, else
     * an expression of the paths.
     */
    static LoRAConfig withTargets(List<LoRAConfig> configs, Set<String> paths) {
        LoRAConfig first = configs.get(0);
        if (configs.stream().map(Selection::new).distinct().count() == 1) {
            return first;
        }
        return first.toBuilder()
                .targetModules(expression(paths))
                .excludeModules(null)
                .layersToTransform(List.of())
                .layersPattern(List.of())
                .build();
    }

    /** Exactly some of the layers that there are: by their names if these mean no others. */
    static TargetModules exactly(Set<String> paths, List<String> all) {
        TargetModules names = new TargetModules.Paths(List.copyOf(paths));
        return all.stream().allMatch(path -> names.matches(path) == paths.contains(path)) ? names : expression(paths);
    }

    private static TargetModules.Regex expression(Set<String> paths) {
        return (TargetModules.Regex) TargetModules.exactly(paths);
    }

    /** What decides which layers are adapted. */
    private record Selection(
            TargetModules targets, @Nullable TargetModules excluded, List<Integer> indices, List<String> pattern) {
        Selection(LoRAConfig config) {
            this(config.targetModules(), config.excludeModules(), config.layersToTransform(), config.layersPattern());
        }
    }
}
