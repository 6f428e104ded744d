package org.lora4j.adapter;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which layers of a base a configuration adapts, and which it trains in full.
 *
 * @param adapted the paths of the layers that get A and B, in the order of the base
 * @param saved the paths of the layers trained in full
 */
public record ModuleSelection(List<String> adapted, List<String> saved) {
    private static final int MOST_NEAREST = 10;

    private static final Logger log = LoggerFactory.getLogger(ModuleSelection.class);

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
     * Selects the layers of a new adapter.
     *
     * @param base the model
     * @param config target, excluded and saved modules
     * @return the selection
     * @throws IllegalArgumentException if a target or a module to save matches no layer, or everything is excluded
     */
    public static ModuleSelection of(BaseModel base, LoRAConfig config) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(config, "config must not be null");
        unmatched(config, base).ifPresent(problem -> {
            throw new IllegalArgumentException(problem);
        });
        return select(base, config, layer -> isTarget(layer, base, config));
    }

    /**
     * Selects the layers of a stored adapter. As in PEFT, its targets and modules to save may name layers that the base does
     * not have, since trainers write generic lists; {@link #unmatchedOfStored} tells which. If the targets cannot choose
     * layers, see {@link #canSelect}, the adapted layers are those for which there are factors.
     *
     * @param base the model
     * @param config target, excluded and saved modules
     * @param hasFactors whether the adapter has factors for a path
     * @return the selection
     * @throws IllegalArgumentException if no layer is left to adapt
     */
    public static ModuleSelection ofStored(BaseModel base, LoRAConfig config, Predicate<String> hasFactors) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(hasFactors, "hasFactors must not be null");
        return select(
                base,
                config,
                layer -> canSelect(config)
                        ? isTarget(layer, base, config)
                        : layer.kind().isAdaptable() && hasFactors.test(layer.path()));
    }

    /**
     * Says which targets and modules to save of a stored adapter match no layer, if this is probably a mistake. Every
     * classifier of PEFT names {@code classifier} and {@code score}, of which a model has one: if one of the modules to save
     * matches, the others are of no interest.
     *
     * @param base the model
     * @param config target, excluded and saved modules
     * @return the message for a warning, or nothing
     */
    public static Optional<String> unmatchedOfStored(BaseModel base, LoRAConfig config) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(config, "config must not be null");
        if (canSelect(config)) {
            Optional<String> targets = unmatchedTargets(config, base);
            if (targets.isPresent()) {
                return targets;
            }
        }
        boolean noneMatches = config.saved().unmatched(base.paths()).size()
                == config.modulesToSave().size();
        return noneMatches ? unmatchedSaved(config, base) : Optional.empty();
    }

    /**
     * Returns whether the target and excluded modules can choose layers.
     *
     * @param config target and excluded modules
     * @return false if one of them is an expression of a file that is only kept; see {@link TargetModules#storedRegex}
     */
    public static boolean canSelect(LoRAConfig config) {
        Objects.requireNonNull(config, "config must not be null");
        return isSupported(config.targetModules()) && isSupported(config.excludeModules());
    }

    private static boolean isSupported(@Nullable TargetModules modules) {
        return !(modules instanceof TargetModules.Regex regex) || regex.isSupported();
    }

    private static ModuleSelection select(BaseModel base, LoRAConfig config, Predicate<BaseLayer> isTarget) {
        List<String> saved = new ArrayList<>();
        List<String> adapted = new ArrayList<>();
        for (BaseLayer layer : base.baseLayers()) {
            String path = layer.path();
            if (isSaved(path, config)) {
                saved.add(path);
            } else if (isTarget.test(layer)) {
                adapted.add(path);
            }
        }
        if (adapted.isEmpty()) {
            throw new IllegalArgumentException("target modules: at least one layer must be left to adapt, found "
                    + choice(config) + "; the base has " + MessageText.list(base.paths()));
        }
        if (log.isDebugEnabled()) {
            config.targetModules()
                    .matches(adapted)
                    .forEach((target, count) -> log.debug("target {}: {} layers", target, count));
        }
        return new ModuleSelection(adapted, saved);
    }

    /** The settings that choose the adapted layers, as far as they restrict anything. */
    private static String choice(LoRAConfig config) {
        StringBuilder text = new StringBuilder(config.targetModules().toString());
        TargetModules excluded = config.excludeModules();
        if (excluded != null) {
            text.append(" without ").append(excluded);
        }
        if (!config.layersToTransform().isEmpty()) {
            text.append(", layers ")
                    .append(MessageText.list(config.layersToTransform().stream()
                            .map(String::valueOf)
                            .toList()));
        }
        if (!config.modulesToSave().isEmpty()) {
            text.append(", without the modules to save ").append(MessageText.list(config.modulesToSave()));
        }
        return text.toString();
    }

    /**
     * Returns whether a layer is trained in full.
     *
     * @param path its module path
     * @param config modules to save
     * @return true if its path, or that of a module that holds it, ends with one of them
     */
    public static boolean isSaved(String path, LoRAConfig config) {
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(config, "config must not be null");
        return config.saved().matches(path);
    }

    /** A name or an expression selects any layer that can be adapted. */
    private static boolean isTarget(BaseLayer layer, BaseModel base, LoRAConfig config) {
        return layer.kind().isAdaptable() && !isLeftOut(layer, base, config) && isTarget(layer.path(), config);
    }

    /** As in PEFT, "all-linear" leaves out embeddings, the output embedding too, and convolutions. */
    private static boolean isLeftOut(BaseLayer layer, BaseModel base, LoRAConfig config) {
        return config.targetModules() instanceof TargetModules.AllLinear
                && (layer.kind() != LayerKind.LINEAR || base.outputEmbedding().equals(Optional.of(layer.path())));
    }

    /**
     * Says which layers can be adapted but are not because the targets are all dense layers, the default: convolutions and
     * embeddings, which is easily missed. A host can tell its users.
     *
     * @param base the model
     * @param config target, excluded and saved modules
     * @return the message; nothing if there are none, or the targets are names or an expression
     */
    public static Optional<String> leftOut(BaseModel base, LoRAConfig config) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(config, "config must not be null");
        List<String> paths = base.baseLayers().stream()
                .filter(layer -> layer.kind().isAdaptable() && isLeftOut(layer, base, config))
                .<String>map(BaseLayer::path)
                .filter(path -> isTarget(path, config) && !isSaved(path, config))
                .toList();
        return paths.isEmpty()
                ? Optional.empty()
                : Optional.of("all dense layers are adapted; convolutions and embeddings are not, which are "
                        + MessageText.list(paths) + "; name the targets to adapt them");
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
                && (isNamed(path, config.targetModules()) || config.indices().contains(path));
    }

    /** As in PEFT, a target that is the whole path is adapted whatever its index. */
    private static boolean isNamed(String path, TargetModules targets) {
        return targets instanceof TargetModules.Paths paths && paths.contains(path);
    }

    /** Says which targets and modules to save match no layer. */
    private static Optional<String> unmatched(LoRAConfig config, BaseModel base) {
        return unmatchedTargets(config, base).or(() -> unmatchedSaved(config, base));
    }

    private static Optional<String> unmatchedTargets(LoRAConfig config, BaseModel base) {
        TargetModules targets = config.targetModules();
        List<String> paths = base.baseLayers().stream()
                .filter(layer -> layer.kind().isAdaptable())
                .<String>map(BaseLayer::path)
                .toList();
        List<String> names = targets instanceof TargetModules.Paths entries ? entries.unmatched(paths) : List.of();
        if (!names.isEmpty()) {
            return Optional.of(unmatched("target modules", names, paths));
        }
        return paths.stream().anyMatch(targets::matches)
                ? Optional.empty()
                : Optional.of("target modules: must match a layer, found none for " + targets + "; the base has "
                        + MessageText.list(paths));
    }

    private static Optional<String> unmatchedSaved(LoRAConfig config, BaseModel base) {
        List<String> saved = config.saved().unmatched(base.paths());
        return saved.isEmpty() ? Optional.empty() : Optional.of(unmatched("modules to save", saved, base.paths()));
    }

    private static String unmatched(String what, List<String> names, List<String> paths) {
        return what + ": each must match a layer, found none for " + MessageText.list(names)
                + "; nearest is "
                + MessageText.list(names.stream()
                        .limit(MOST_NEAREST)
                        .map(name -> nearest(name, paths))
                        .toList())
                + "; the base has " + MessageText.list(paths);
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
