package org.lora4j.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.internal.ArrayBits;
import org.lora4j.internal.Names;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tensors of an adapter by their keys: converts between {@link LoRAAdapter} and {@link SafeTensors}. */
final class PeftTensors {
    private static final Logger log = LoggerFactory.getLogger(PeftTensors.class);

    /** The longest name of a tensor. */
    private static final int LONGEST = 512;

    private final TensorSource tensors;
    private final Map<PeftKey, long[]> shapes = new LinkedHashMap<>();
    private final Map<PeftKey, String> names = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();

    private PeftTensors(TensorSource tensors) {
        this.tensors = tensors;
    }

    /**
     * Reads an adapter. The header is compared with the configuration and the base before any tensor is read.
     *
     * @param file the name of the file for messages
     * @param tensors the tensors in it
     * @param config the configuration beside it
     * @param base the base, or null if it is not known
     * @return the adapter
     * @throws PeftFormatException if the tensors are not those that the configuration says; the message lists everything
     * @throws IOException if a tensor cannot be read
     */
    static LoRAAdapter read(String file, TensorSource tensors, LoRAConfig config, @Nullable BaseModel base)
            throws IOException {
        PeftTensors read = new PeftTensors(tensors);
        read.readKeys(base);
        LoRAConfig stored = read.asStored(file, config);
        Optional<PeftLayout> layout = read.layout(stored, base);
        layout.ifPresent(expected -> read.problems.addAll(expected.differences(read.shapes, read.names)));
        if (base != null && !read.problems.isEmpty()) {
            read.problems.add("the base has " + Names.list(base.paths()));
        }
        if (layout.isEmpty() || !read.problems.isEmpty()) {
            throw new PeftFormatException(file, read.problems);
        }
        return assemble(stored, read.arrays(file, layout.get(), base == null ? DataType.FLOAT : base.dataType()));
    }

    private void readKeys(@Nullable BaseModel base) {
        Set<String> paths = base == null ? Set.of() : Set.copyOf(base.paths());
        Predicate<String> isModule = path -> base == null || paths.contains(path);
        List<String> foreign = new ArrayList<>();
        List<String> twice = new ArrayList<>();
        List<String> tooLong = new ArrayList<>();
        for (String name : tensors.header().names()) {
            if (isUnusedOriginal(name)) {
                continue;
            }
            if (name.length() > LONGEST) {
                tooLong.add(name);
                continue;
            }
            Optional<PeftKey> parsed =
                    name.startsWith(PeftKey.PREFIX) ? PeftKey.parse(name, isModule) : Optional.empty();
            if (parsed.isEmpty()) {
                foreign.add(name);
            } else if (names.putIfAbsent(parsed.get(), name) != null) {
                twice.add(name);
            } else {
                shapes.put(parsed.get(), tensors.header().shape(name));
            }
        }
        renameBiasesOfAdapted();
        addProblem(
                "names must be '" + PeftKey.PREFIX + "' with a module path and a part of an adapter, found ", foreign);
        addProblem("names must have at most " + LONGEST + " characters, found longer ones: ", tooLong);
        addProblem("each part of a layer must occur once, found another for ", twice);
    }

    private void addProblem(String rule, List<String> found) {
        if (!found.isEmpty()) {
            problems.add(rule + Names.list(found));
        }
    }

    /** For a layer trained in full, some writers also store the original, which nothing uses. */
    private static boolean isUnusedOriginal(String name) {
        return name.startsWith(PeftKey.PREFIX)
                && (name.endsWith(".original_module.weight") || name.endsWith(".original_module.bias"));
    }

    /** Older writers do not write {@code base_layer} in the key. */
    private void renameBiasesOfAdapted() {
        Map.copyOf(names).forEach((key, name) -> {
            PeftKey renamed = new PeftKey(PeftKey.Kind.BASE_BIAS, key.path());
            if (key.kind() == PeftKey.Kind.BIAS
                    && names.containsKey(new PeftKey(PeftKey.Kind.LORA_A, key.path()))
                    && !names.containsKey(renamed)) {
                shapes.put(renamed, tensors.header().shape(name));
                names.put(renamed, name);
                shapes.remove(key);
                names.remove(key);
            }
        });
    }

    /**
     * Adds what some writers leave out of the configuration or of the tensors. PEFT before 0.11 stores the trained head of a
     * classifier without naming it. PEFT up to 0.20.0 does not store the biases of {@code lora_only}; those of the base
     * count then.
     */
    private LoRAConfig asStored(String file, LoRAConfig config) {
        LoRAConfig stored = config;
        List<String> unnamed = names.keySet().stream()
                .filter(key -> key.kind() == PeftKey.Kind.WEIGHT)
                .map(PeftKey::path)
                .filter(path -> !ModuleSelection.isSaved(path, config))
                .filter(path -> !hasFactors(path))
                .toList();
        if (!unnamed.isEmpty()) {
            log.info("{}: layers stored in full count as modules to save: {}", file, Names.list(unnamed));
            List<String> saved = new ArrayList<>(config.modulesToSave());
            saved.addAll(unnamed);
            stored = stored.toBuilder().modulesToSave(saved).build();
        }
        if (config.bias() == BiasTraining.LORA_ONLY
                && names.keySet().stream().noneMatch(key -> key.kind() == PeftKey.Kind.BASE_BIAS)) {
            log.warn("{}: bias is \"lora_only\", but there are no biases; the biases of the base are used", file);
            stored = stored.toBuilder().bias(BiasTraining.NONE).build();
        }
        return stored;
    }

    private boolean hasFactors(String path) {
        return names.containsKey(new PeftKey(PeftKey.Kind.LORA_A, path))
                || names.containsKey(new PeftKey(PeftKey.Kind.EMBEDDING_A, path));
    }

    private Optional<PeftLayout> layout(LoRAConfig config, @Nullable BaseModel base) {
        try {
            return Optional.of(base == null ? PeftLayout.of(config, shapes) : PeftLayout.of(config, base));
        } catch (IllegalArgumentException e) {
            problems.add(Names.line(String.valueOf(e.getMessage())));
            return Optional.empty();
        }
    }

    private Map<PeftKey, INDArray> arrays(String file, PeftLayout layout, DataType type) throws IOException {
        Map<PeftKey, INDArray> arrays = new LinkedHashMap<>();
        for (PeftKey key : layout.keys()) {
            try {
                String name = names.getOrDefault(key, key.text());
                INDArray array = tensors.tensor(name, type);
                if (!ArrayBits.isFinite(array)) {
                    problems.add(Names.quote(name) + " must hold finite numbers, found NaN or infinite ones");
                }
                arrays.put(key, array);
            } catch (SafeTensorsException e) {
                problems.add(e.getMessage());
            }
        }
        if (!problems.isEmpty()) {
            throw new PeftFormatException(file, problems);
        }
        return arrays;
    }

    private static LoRAAdapter assemble(LoRAConfig config, Map<PeftKey, INDArray> arrays) {
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        Map<String, INDArray> biases = new LinkedHashMap<>();
        Map<String, LoRAAdapter.SavedModule> saved = new LinkedHashMap<>();
        arrays.forEach((key, array) -> {
            String path = key.path();
            switch (key.kind()) {
                case LORA_A, EMBEDDING_A -> weights.put(path, weights(path, array, arrays));
                case WEIGHT ->
                    saved.put(
                            path, new LoRAAdapter.SavedModule(array, arrays.get(new PeftKey(PeftKey.Kind.BIAS, path))));
                case BASE_BIAS -> biases.put(path, array);
                case BIAS -> {
                    if (!arrays.containsKey(new PeftKey(PeftKey.Kind.WEIGHT, path))) {
                        biases.put(path, array);
                    }
                }
                default -> {}
            }
        });
        return new LoRAAdapter(config, weights, biases, saved);
    }

    private static LoRAWeights weights(String path, INDArray loraA, Map<PeftKey, INDArray> arrays) {
        INDArray loraB = arrays.get(new PeftKey(PeftKey.Kind.LORA_B, path));
        INDArray embeddingB = arrays.get(new PeftKey(PeftKey.Kind.EMBEDDING_B, path));
        return new LoRAWeights(
                embeddingB != null ? LayerKind.EMBEDDING : LayerKind.ofDimensions(loraA.rank()),
                loraA,
                Objects.requireNonNull(embeddingB != null ? embeddingB : loraB),
                arrays.get(new PeftKey(PeftKey.Kind.MAGNITUDE, path)),
                arrays.get(new PeftKey(PeftKey.Kind.LORA_B_BIAS, path)));
    }

    /**
     * Returns the tensors to write.
     *
     * @param adapter the adapter
     * @param base the base, or null if it is not known
     * @return the arrays by key
     * @throws IllegalArgumentException if they are not those that the configuration says, so that a reader would refuse or
     *     misread them; the message lists everything
     */
    static Map<PeftKey, INDArray> of(LoRAAdapter adapter, @Nullable BaseModel base) {
        Map<PeftKey, INDArray> arrays = new LinkedHashMap<>();
        adapter.weights().forEach((path, weights) -> {
            put(arrays, PeftKey.Kind.factorA(weights.kind()), path, weights.loraA());
            put(arrays, PeftKey.Kind.factorB(weights.kind()), path, weights.loraB());
            put(arrays, PeftKey.Kind.LORA_B_BIAS, path, weights.loraBBias());
            put(arrays, PeftKey.Kind.MAGNITUDE, path, weights.magnitude());
        });
        adapter.biases().forEach((path, bias) -> {
            boolean adapted = adapter.weights().containsKey(path);
            put(arrays, adapted ? PeftKey.Kind.BASE_BIAS : PeftKey.Kind.BIAS, path, bias);
        });
        adapter.savedModules().forEach((path, module) -> {
            put(arrays, PeftKey.Kind.WEIGHT, path, module.weight());
            put(arrays, PeftKey.Kind.BIAS, path, module.bias());
        });
        requireLayout(adapter.config(), base, arrays);
        return arrays;
    }

    private static void put(Map<PeftKey, INDArray> arrays, PeftKey.Kind kind, String path, @Nullable INDArray array) {
        if (array != null) {
            arrays.put(new PeftKey(kind, path), array);
        }
    }

    private static void requireLayout(LoRAConfig config, @Nullable BaseModel base, Map<PeftKey, INDArray> arrays) {
        Map<PeftKey, long[]> shapes = new LinkedHashMap<>();
        arrays.forEach((key, array) -> shapes.put(key, array.shape()));
        PeftLayout layout = base == null ? PeftLayout.of(config, shapes) : PeftLayout.of(config, base);
        List<String> problems = layout.differences(shapes, Map.of());
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "an adapter's arrays must be those its configuration says: " + String.join("; ", problems));
        }
    }
}
