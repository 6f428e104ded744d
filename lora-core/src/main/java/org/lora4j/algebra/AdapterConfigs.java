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

/** Creates the configurations of calculated adapters. */
final class AdapterConfigs {
    private AdapterConfigs() {}

    /**
     * Returns a configuration in which each layer has the rank of its factors and the given scale. Layers that differ from
     * the first layer get an entry in the rank or alpha pattern. The initialization is the default one, because a
     * calculated adapter needs none.
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

    /** Each key starts with an anchor: without one, it would also match every path that ends with it. */
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
     * Returns the first configuration with target modules that match exactly the given layers. If all configurations
     * select the same modules, this selection is kept; otherwise a regular expression lists the paths.
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

    /** Returns target modules that match exactly some of all layers: their names if no other layer matches these. */
    static TargetModules exactly(Set<String> paths, List<String> all) {
        TargetModules names = new TargetModules.Paths(List.copyOf(paths));
        return all.stream().allMatch(path -> names.matches(path) == paths.contains(path)) ? names : expression(paths);
    }

    private static TargetModules.Regex expression(Set<String> paths) {
        return (TargetModules.Regex) TargetModules.exactly(paths);
    }

    /** The settings that select the adapted layers. */
    private record Selection(
            TargetModules targets, @Nullable TargetModules excluded, List<Integer> indices, List<String> pattern) {
        Selection(LoRAConfig config) {
            this(config.targetModules(), config.excludeModules(), config.layersToTransform(), config.layersPattern());
        }
    }
}
