package org.lora4j.io.peft;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.internal.MessageText;

/** The tensors that an adapter must have by its configuration, and their shapes. */
final class PeftLayout {
    /** A dimension that can have any size. */
    private static final long ANY = -1;

    private final LoRAConfig config;
    private final Map<PeftKey, long[]> found;
    private final Map<PeftKey, long[]> shapes = new LinkedHashMap<>();
    private final Map<String, List<Integer>> tokens = new LinkedHashMap<>();

    /** What is known about a layer. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared, and not shared.
    private record Module(String path, LayerKind kind, long[] shape, boolean hasBias) {
        static Module of(BaseLayer layer) {
            return new Module(layer.path(), layer.kind(), layer.shape(), layer.bias() != null);
        }

        long out() {
            return kind.outputSize(shape);
        }
    }

    private PeftLayout(LoRAConfig config, Map<PeftKey, long[]> found) {
        this.config = config;
        this.found = found;
    }

    /**
     * Creates the layout of an adapter.
     *
     * @param config its configuration
     * @param base its base; null for the layers and sizes that the tensors themselves have
     * @param found the shapes of its tensors
     * @throws IllegalArgumentException if no layer is left to adapt
     */
    static PeftLayout of(LoRAConfig config, @Nullable BaseModel base, Map<PeftKey, long[]> found) {
        PeftLayout layout = new PeftLayout(config, found);
        if (base == null) {
            layout.addAll();
        } else {
            layout.addAll(base);
        }
        return layout;
    }

    private void addAll(BaseModel base) {
        ModuleSelection selection = ModuleSelection.ofStored(base, config, this::hasFactor);
        Set<String> saved = Set.copyOf(selection.saved());
        Set<String> adapted = Set.copyOf(selection.adapted());
        Optional<String> input = base.inputEmbedding();
        String head = base.replaceableHead().orElse("");
        for (BaseLayer layer : base.baseLayers()) {
            Module module = Module.of(layer);
            if (saved.contains(layer.path())) {
                addSaved(layer.path().equals(head) ? withRowsFound(module) : module);
            } else if (adapted.contains(layer.path())) {
                addAdapted(module);
            } else {
                addOther(module);
            }
            if (layer.kind() == LayerKind.EMBEDDING) {
                boolean isInput = input.isPresent()
                        ? input.get().equals(layer.path())
                        : found.containsKey(new PeftKey(PeftKey.Kind.TOKENS, layer.path()));
                addTokens(module, isInput);
            }
        }
    }

    /** A head, with as many outputs as the adapter has for it. */
    private Module withRowsFound(Module head) {
        long[] weight = found.get(new PeftKey(PeftKey.Kind.WEIGHT, head.path));
        if (weight == null || weight.length != 2 || weight[0] < 1 || weight[1] != head.shape[1]) {
            return head;
        }
        return new Module(head.path, head.kind, new long[] {weight[0], head.shape[1]}, head.hasBias);
    }

    private void addAll() {
        Set<String> paths = new LinkedHashSet<>();
        found.keySet().forEach(key -> paths.add(key.path()));
        for (String path : paths) {
            long[] weight = found.get(new PeftKey(PeftKey.Kind.WEIGHT, path));
            boolean hasBias = found.containsKey(new PeftKey(PeftKey.Kind.BIAS, path));
            if (ModuleSelection.isSaved(path, config)) {
                long[] shape = weight == null ? new long[] {ANY, ANY} : weight;
                addSaved(new Module(path, LayerKind.LINEAR, shape, hasBias));
            } else if (hasFactor(path)
                    && (!ModuleSelection.canSelect(config) || ModuleSelection.isTarget(path, config))) {
                addAdapted(adapted(path, found));
            } else if (hasBias) {
                addOther(new Module(path, LayerKind.LINEAR, new long[] {ANY, ANY}, true));
            }
            if (found.containsKey(new PeftKey(PeftKey.Kind.TOKENS, path))) {
                addTokens(new Module(path, LayerKind.EMBEDDING, new long[] {ANY, ANY}, false), true);
            }
        }
    }

    private static Module adapted(String path, Map<PeftKey, long[]> found) {
        LayerKind kind = kind(path, found);
        long[] a = found.get(new PeftKey(PeftKey.Kind.factorA(kind), path));
        long[] b = found.get(new PeftKey(PeftKey.Kind.factorB(kind), path));
        long[] unknown = new long[kind.weightRank()];
        Arrays.fill(unknown, ANY);
        long[] shape = kind.weightShapeOf(
                a != null && a.length == unknown.length ? a : unknown,
                b != null && b.length == unknown.length ? b : unknown);
        return new Module(path, kind, shape, found.containsKey(new PeftKey(PeftKey.Kind.BASE_BIAS, path)));
    }

    /** The kind of a layer, as its keys and the dimensions of A and B tell. */
    private static LayerKind kind(String path, Map<PeftKey, long[]> found) {
        if (found.containsKey(new PeftKey(PeftKey.Kind.EMBEDDING_A, path))
                || found.containsKey(new PeftKey(PeftKey.Kind.EMBEDDING_B, path))) {
            return LayerKind.EMBEDDING;
        }
        long[] a = found.get(new PeftKey(PeftKey.Kind.LORA_A, path));
        return LayerKind.ofDimensions(a == null ? 0 : a.length);
    }

    private boolean hasFactor(String path) {
        return Arrays.stream(PeftKey.Kind.values())
                .anyMatch(kind -> kind.isFactor() && found.containsKey(new PeftKey(kind, path)));
    }

    private void addAdapted(Module module) {
        long rank = config.rankOf(module.path);
        LayerKind kind = module.kind;
        add(PeftKey.Kind.factorA(kind), module, kind.loraAShape(rank, module.shape));
        add(PeftKey.Kind.factorB(kind), module, kind.loraBShape(rank, module.shape));
        if (config.loraBias()) {
            add(PeftKey.Kind.LORA_B_BIAS, module, module.out());
        }
        if (config.dora()) {
            add(PeftKey.Kind.MAGNITUDE, module, kind.magnitudeShape(module.out()));
        }
        if (config.bias() != BiasTraining.NONE && module.hasBias) {
            add(PeftKey.Kind.BASE_BIAS, module, module.out());
        }
    }

    private void addSaved(Module module) {
        add(PeftKey.Kind.WEIGHT, module, module.shape);
        if (module.hasBias) {
            add(PeftKey.Kind.BIAS, module, module.out());
        }
    }

    private void addOther(Module module) {
        if (config.bias() == BiasTraining.ALL && module.hasBias) {
            add(PeftKey.Kind.BIAS, module, module.out());
        }
    }

    private void addTokens(Module module, boolean isInput) {
        List<Integer> chosen = config.trainableTokens().of(module.path, isInput);
        if (!chosen.isEmpty()) {
            tokens.put(module.path, chosen);
            add(PeftKey.Kind.TOKENS, module, chosen.size(), module.out());
        }
    }

    private void add(PeftKey.Kind kind, Module module, long... shape) {
        shapes.put(new PeftKey(kind, module.path), shape);
    }

    /** The required tensors, in the order of the layers. */
    Set<PeftKey> keys() {
        return shapes.keySet();
    }

    /** The tokens for which an embedding has rows. */
    List<Integer> tokens(String path) {
        return tokens.getOrDefault(path, List.of());
    }

    /**
     * Compares the layout with tensors.
     *
     * @param shapesFound their shapes
     * @param names their names for messages
     * @return everything that is wrong; empty if they fit
     */
    List<String> differences(Map<PeftKey, long[]> shapesFound, Map<PeftKey, String> names) {
        List<String> problems = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        List<String> misshapen = new ArrayList<>();
        Set<PeftKey> unexpected = new LinkedHashSet<>(shapesFound.keySet());
        shapes.forEach((key, expected) -> {
            long[] shape = shapesFound.get(key);
            unexpected.remove(key);
            if (shape == null) {
                missing.add(key.text());
            } else if (!fits(expected, shape)) {
                misshapen.add(MessageText.quote(names.getOrDefault(key, key.text())) + " must be " + text(expected)
                        + ", found " + Arrays.toString(shape));
            }
        });
        if (keys().stream().noneMatch(key -> key.kind().isFactor())) {
            problems.add("at least one layer must be adapted, found no tensors for "
                    + MessageText.quote(config.targetModules().toString()));
        }
        if (!config.trainableTokens().isEmpty() && tokens.isEmpty()) {
            problems.add("trainable tokens must be those of an embedding, found none for " + config.trainableTokens());
        }
        if (!missing.isEmpty()) {
            problems.add("tensors are missing: " + MessageText.list(missing));
        }
        if (!unexpected.isEmpty()) {
            problems.add("tensors are not expected: "
                    + MessageText.list(unexpected.stream()
                            .map(key -> names.getOrDefault(key, key.text()))
                            .toList()));
        }
        problems.addAll(misshapen);
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
