package org.lora4j.io;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.BiasTraining;
import org.lora4j.LoRAConfig;
import org.lora4j.ModuleSelection;
import org.lora4j.TargetModules;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;

/** Which tensors an adapter has by its configuration, and of which shape. */
final class PeftLayout {
    /** A dimension that nothing determines. */
    private static final long ANY = -1;

    private static final int MOST_MISSHAPEN = 20;

    private final LoRAConfig config;
    private final Map<PeftKey, long[]> shapes = new LinkedHashMap<>();

    /** What is known of a dense layer. */
    private record Module(String path, long in, long out, boolean hasBias) {
        static Module of(Linear linear) {
            return new Module(linear.path(), linear.inputSize(), linear.outputSize(), linear.bias() != null);
        }
    }

    private PeftLayout(LoRAConfig config) {
        this.config = config;
    }

    /**
     * The layout over a base.
     *
     * @throws IllegalArgumentException if a target or a module to save matches nothing in the base
     */
    static PeftLayout of(LoRAConfig config, Network base) {
        PeftLayout layout = new PeftLayout(config);
        ModuleSelection selection = ModuleSelection.of(base, config);
        for (Linear linear : base.linears()) {
            if (selection.saved().contains(linear)) {
                layout.addSaved(Module.of(linear));
            } else if (selection.adapted().contains(linear)) {
                layout.addAdapted(Module.of(linear));
            } else {
                layout.addOther(Module.of(linear));
            }
        }
        return layout;
    }

    /** The layout over an unknown base, with the layers and sizes that the tensors themselves tell. */
    static PeftLayout of(LoRAConfig config, Map<PeftKey, long[]> found) {
        PeftLayout layout = new PeftLayout(config);
        Set<String> paths = new LinkedHashSet<>();
        found.keySet().forEach(key -> paths.add(key.path()));
        for (String path : paths) {
            long[] a = found.get(new PeftKey(PeftKey.Kind.LORA_A, path));
            long[] b = found.get(new PeftKey(PeftKey.Kind.LORA_B, path));
            long[] weight = found.get(new PeftKey(PeftKey.Kind.WEIGHT, path));
            long[] bias = found.get(new PeftKey(PeftKey.Kind.BIAS, path));
            if (isSaved(path, config)) {
                layout.addSaved(new Module(path, dimension(weight, 1), dimension(weight, 0), bias != null));
            } else if (hasFactor(path, found) && ModuleSelection.isTarget(path, config)) {
                boolean hasBias = found.containsKey(new PeftKey(PeftKey.Kind.BASE_BIAS, path));
                layout.addAdapted(new Module(path, dimension(a, 1), dimension(b, 0), hasBias));
            } else if (bias != null) {
                layout.addOther(new Module(path, ANY, ANY, true));
            }
        }
        return layout;
    }

    private static boolean isSaved(String path, LoRAConfig config) {
        return !config.modulesToSave().isEmpty() && new TargetModules.Paths(config.modulesToSave()).matches(path);
    }

    private static boolean hasFactor(String path, Map<PeftKey, long[]> found) {
        return Arrays.stream(PeftKey.Kind.values())
                .anyMatch(kind -> kind.isFactor() && found.containsKey(new PeftKey(kind, path)));
    }

    private static long dimension(long @Nullable [] shape, int index) {
        return shape != null && shape.length == 2 ? shape[index] : ANY;
    }

    private void addAdapted(Module module) {
        long rank = config.rankOf(module.path);
        add(PeftKey.Kind.LORA_A, module, rank, module.in);
        add(PeftKey.Kind.LORA_B, module, module.out, rank);
        if (config.loraBias()) {
            add(PeftKey.Kind.LORA_B_BIAS, module, module.out);
        }
        if (config.dora()) {
            add(PeftKey.Kind.MAGNITUDE, module, module.out);
        }
        if (config.bias() != BiasTraining.NONE && module.hasBias) {
            add(PeftKey.Kind.BASE_BIAS, module, module.out);
        }
    }

    private void addSaved(Module module) {
        add(PeftKey.Kind.WEIGHT, module, module.out, module.in);
        if (module.hasBias) {
            add(PeftKey.Kind.BIAS, module, module.out);
        }
    }

    private void addOther(Module module) {
        if (config.bias() == BiasTraining.ALL && module.hasBias) {
            add(PeftKey.Kind.BIAS, module, module.out);
        }
    }

    private void add(PeftKey.Kind kind, Module module, long... shape) {
        shapes.put(new PeftKey(kind, module.path), shape);
    }

    /** The tensors there must be, in the order of the layers. */
    Set<PeftKey> keys() {
        return shapes.keySet();
    }

    /**
     * Compares with the tensors there are.
     *
     * @param found their shapes
     * @param names what messages call them
     * @return all that is wrong; empty if they fit
     */
    List<String> differences(Map<PeftKey, long[]> found, Map<PeftKey, String> names) {
        List<String> problems = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        List<String> misshapen = new ArrayList<>();
        Set<PeftKey> unexpected = new LinkedHashSet<>(found.keySet());
        shapes.forEach((key, expected) -> {
            long[] shape = found.get(key);
            unexpected.remove(key);
            if (shape == null) {
                missing.add(key.text());
            } else if (!fits(expected, shape)) {
                misshapen.add(Names.quote(names.getOrDefault(key, key.text())) + " must be " + text(expected)
                        + ", found " + Arrays.toString(shape));
            }
        });
        if (keys().stream().noneMatch(key -> key.kind().isFactor())) {
            problems.add("at least one layer must be adapted, found no tensors for " + config.targetModules());
        }
        if (!missing.isEmpty()) {
            problems.add("tensors are missing: " + Names.list(missing));
        }
        if (!unexpected.isEmpty()) {
            problems.add("tensors are not expected: "
                    + Names.list(unexpected.stream()
                            .map(key -> names.getOrDefault(key, key.text()))
                            .toList()));
        }
        misshapen.stream().limit(MOST_MISSHAPEN).forEach(problems::add);
        if (misshapen.size() > MOST_MISSHAPEN) {
            problems.add("and " + (misshapen.size() - MOST_MISSHAPEN) + " more tensors are misshapen");
        }
        return problems;
    }

    private static boolean fits(long[] expected, long[] found) {
        if (expected.length != found.length) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] != ANY && expected[i] != found[i]) {
                return false;
            }
        }
        return true;
    }

    private static String text(long[] shape) {
        return Arrays.toString(shape).replace("-1", "any");
    }
}
