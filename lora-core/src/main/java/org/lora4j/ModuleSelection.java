package org.lora4j;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;

/**
 * Which layers of a network a configuration adapts, and which it trains in full.
 *
 * @param adapted the layers with A and B, in the order of the network
 * @param saved the layers trained in full
 */
public record ModuleSelection(List<Linear> adapted, List<Linear> saved) {
    /**
     * Copies the lists.
     *
     * @param adapted see the record
     * @param saved see the record
     */
    public ModuleSelection {
        adapted = List.copyOf(adapted);
        saved = List.copyOf(saved);
    }

    /**
     * Selects.
     *
     * @param network the network
     * @param config targets, excludes and modules to save
     * @return the layers
     * @throws IllegalArgumentException if a target or a module to save matches nothing, or everything is excluded
     */
    public static ModuleSelection of(Network network, LoRAConfig config) {
        List<String> paths = network.linears().stream().map(Linear::path).toList();
        requireMatches("target modules", config.targetModules(), paths);
        List<Linear> saved = List.of();
        if (!config.modulesToSave().isEmpty()) {
            TargetModules.Paths toSave = new TargetModules.Paths(config.modulesToSave());
            requireMatches("modules to save", toSave, paths);
            saved = network.linears().stream()
                    .filter(linear -> toSave.matches(linear.path()))
                    .toList();
        }
        List<Linear> adapted = new ArrayList<>();
        for (Linear linear : network.linears()) {
            if (isTarget(linear.path(), config) && !saved.contains(linear)) {
                adapted.add(linear);
            }
        }
        if (adapted.isEmpty()) {
            throw new IllegalArgumentException("target modules: at least one layer must be left to adapt, found "
                    + config.targetModules() + " without " + config.excludeModules() + ", layers "
                    + config.layersToTransform() + " and without the modules to save " + config.modulesToSave()
                    + "; the network has " + paths);
        }
        return new ModuleSelection(adapted, saved);
    }

    /**
     * Whether a path is among the targets and not excluded. A layer trained in full is not adapted even so.
     *
     * @param path a module path
     * @param config targets and excludes
     * @return true if it is
     */
    public static boolean isTarget(String path, LoRAConfig config) {
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
                        + "; the network has " + paths);
            }
        } else if (paths.stream().noneMatch(modules::matches)) {
            throw new IllegalArgumentException(
                    what + ": must match a layer, found none for " + modules + "; the network has " + paths);
        }
    }

    /** The path whose end is the fewest edits away. */
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
