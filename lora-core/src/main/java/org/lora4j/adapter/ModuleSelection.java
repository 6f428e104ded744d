package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which layers of a base a configuration adapts, and which it trains in full.
 *
 * @param adapted the paths of the layers that get A and B, in the order of the base
 * @param saved the paths of the layers trained in full
 */
public record ModuleSelection(List<String> adapted, List<String> saved) {
    /**
     * Copies the lists.
     *
     * @param adapted the paths of the layers that get A and B
     * @param saved the paths of the layers trained in full
     */
    public ModuleSelection {
        Objects.requireNonNull(adapted, "adapted must not be null");
        Objects.requireNonNull(saved, "saved must not be null");
        adapted = List.copyOf(adapted);
        saved = List.copyOf(saved);
    }

    /**
     * Selects the layers.
     *
     * @param base the model
     * @param config target, excluded and saved modules
     * @return the selection
     * @throws IllegalArgumentException if a target or a module to save matches no layer, or everything is excluded
     */
    public static ModuleSelection of(BaseModel base, LoRAConfig config) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(config, "config must not be null");
        List<String> paths = base.paths();
        requireMatches("target modules", config.targetModules(), paths);
        List<String> saved = List.of();
        if (!config.modulesToSave().isEmpty()) {
            TargetModules toSave = new TargetModules.Paths(config.modulesToSave());
            requireMatches("modules to save", toSave, paths);
            saved = paths.stream().filter(toSave::matches).toList();
        }
        List<String> adapted = new ArrayList<>();
        for (BaseLayer layer : base.baseLayers()) {
            String path = layer.path();
            if (isTarget(layer, config) && !saved.contains(path)) {
                adapted.add(path);
            }
        }
        if (adapted.isEmpty()) {
            throw new IllegalArgumentException("target modules: at least one layer must be left to adapt, found "
                    + config.targetModules() + " without " + config.excludeModules() + ", layers "
                    + config.layersToTransform() + " and without the modules to save " + config.modulesToSave()
                    + "; the base has " + paths);
        }
        return new ModuleSelection(adapted, saved);
    }

    /** As in PEFT, "all-linear" leaves out embeddings and convolutions; a name or an expression selects any layer. */
    private static boolean isTarget(BaseLayer layer, LoRAConfig config) {
        boolean linearOnly = config.targetModules() instanceof TargetModules.AllLinear;
        return (!linearOnly || layer.kind() == LayerKind.LINEAR) && isTarget(layer.path(), config);
    }

    /**
     * Returns whether a path is among the targets and not excluded.
     *
     * @param path a module path
     * @param config target and excluded modules
     * @return true if it is; a module to save is not adapted even then
     */
    public static boolean isTarget(String path, LoRAConfig config) {
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(config, "config must not be null");
        TargetModules excluded = config.excludeModules();
        return config.targetModules().matches(path)
                && (excluded == null || !excluded.matches(path))
                && (config.layersToTransform().isEmpty() || isTransformedLayer(path, config));
    }

    private static boolean isTransformedLayer(String path, LoRAConfig config) {
        // As PEFT reads it, something stands before the name.
        List<String> names = config.layersPattern().isEmpty() ? List.of("[^.]*") : config.layersPattern();
        for (String name : names) {
            Matcher matcher = Pattern.compile(".*\\." + name + "\\.(\\d+)\\..*").matcher(path);
            if (matcher.matches()) {
                return config.layersToTransform().contains(Integer.valueOf(matcher.group(matcher.groupCount())));
            }
        }
        return false;
    }

    private static void requireMatches(String what, TargetModules modules, List<String> paths) {
        if (modules instanceof TargetModules.Paths names) {
            List<String> unmatched = names.unmatched(paths);
            if (!unmatched.isEmpty()) {
                throw new IllegalArgumentException(what + ": each must match a layer, found none for " + unmatched
                        + "; nearest is "
                        + unmatched.stream().map(name -> nearest(name, paths)).toList()
                        + "; the base has " + paths);
            }
        } else if (paths.stream().noneMatch(modules::matches)) {
            throw new IllegalArgumentException(
                    what + ": must match a layer, found none for " + modules + "; the base has " + paths);
        }
    }

    /** The path whose end needs the fewest edits. */
    private static String nearest(String name, List<String> paths) {
        return paths.stream()
                .min(Comparator.comparingInt(path ->
                        Math.min(edits(name, path), edits(name, path.substring(path.lastIndexOf('.') + 1)))))
                .orElseThrow();
    }

    /** Levenshtein's distance. */
    private static int edits(String from, String to) {
        int[] row = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int replaced = diagonal + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[to.length()];
    }
}
