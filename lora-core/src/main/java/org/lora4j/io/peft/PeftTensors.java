package org.lora4j.io.peft;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tensors of an adapter by their keys: converts between {@link LoRAAdapter} and {@link SafeTensors}. */
final class PeftTensors {
    private static final Logger log = LoggerFactory.getLogger(PeftTensors.class);

    private final String file;
    private final TensorSource tensors;
    private final @Nullable BaseModel base;
    private final FileKeys keys;
    private final List<String> problems;

    private PeftTensors(String file, TensorSource tensors, @Nullable BaseModel base) {
        this.file = file;
        this.tensors = tensors;
        this.base = base;
        Set<String> paths = base == null ? Set.of() : Set.copyOf(base.paths());
        keys = FileKeys.read(
                tensors.header(),
                path -> base == null || paths.contains(path),
                key -> base instanceof PrefixedBase other && other.isOfTheHead(key));
        problems = keys.problems();
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
        return new PeftTensors(file, tensors, base).read(config);
    }

    private LoRAAdapter read(LoRAConfig config) throws IOException {
        BaseCopies copies = BaseCopies.take(keys, config);
        LoRAConfig stored = asStored(config);
        Optional<PeftLayout> layout = layout(stored);
        layout.ifPresent(expected -> problems.addAll(expected.differences(keys.shapes(), keys.names())));
        if (base != null && !problems.isEmpty()) {
            String layers = "the base has " + MessageText.list(base.paths());
            if (problems.stream().noneMatch(problem -> problem.endsWith(layers))) {
                problems.add(layers);
            }
        }
        if (layout.isEmpty() || !problems.isEmpty()) {
            throw new PeftFormatException(file, problems);
        }
        keys.log(file);
        if (base != null && !(base instanceof PrefixedBase)) {
            ModuleSelection.unmatchedOfStored(base, stored).ifPresent(problem -> log.warn("{}: {}", file, problem));
        }
        Map<PeftKey, INDArray> arrays = arrays(layout.get(), base == null ? DataType.FLOAT : base.dataType());
        copies.compare(file, tensors, base, problems);
        if (!problems.isEmpty()) {
            throw new PeftFormatException(file, problems);
        }
        return assemble(stored, layout.get(), arrays);
    }

    /**
     * Adds the head of a language model to the targets if it has factors. With {@code ensure_weight_tying}, PEFT stores those
     * of the embedding for it too, transposed, and does not name it.
     */
    private LoRAConfig withTiedHead(LoRAConfig config) {
        Optional<String> head = base == null ? Optional.empty() : base.outputEmbedding();
        boolean ties = "true".equals(config.hubFields().others().get("ensure_weight_tying"));
        if (ties
                && head.isPresent()
                && keys.hasFactors(head.get())
                && config.targetModules() instanceof TargetModules.Paths targets
                && !targets.matches(head.get())) {
            log.info("{}: {} has factors and counts as a target", file, MessageText.quote(head.get()));
            List<String> entries = new ArrayList<>(targets.entries());
            entries.add(head.get());
            return config.toBuilder()
                    .targetModules(new TargetModules.Paths(entries))
                    .build();
        }
        return config;
    }

    /**
     * Adds what some writers leave out of the configuration or of the tensors. PEFT before 0.11 stores the trained head of a
     * classifier without naming it. PEFT up to 0.20.0 does not store the biases of {@code lora_only}; those of the base
     * count then.
     */
    private LoRAConfig asStored(LoRAConfig config) {
        LoRAConfig stored = config;
        List<String> unnamed = keys.names().keySet().stream()
                .filter(key -> key.kind() == PeftKey.Kind.WEIGHT)
                .map(PeftKey::path)
                .filter(path -> !ModuleSelection.isSaved(path, config))
                .filter(path -> !keys.hasFactors(path))
                .toList();
        if (!unnamed.isEmpty()) {
            log.info("{}: layers stored in full count as modules to save: {}", file, MessageText.list(unnamed));
            List<String> saved = new ArrayList<>(config.modulesToSave());
            saved.addAll(unnamed);
            stored = stored.toBuilder().modulesToSave(saved).build();
        }
        stored = withTiedHead(stored);
        if (config.bias() == BiasTraining.LORA_ONLY && mayHaveBiases() && !hasBiases()) {
            log.warn("{}: bias is \"lora_only\", but there are no biases; the biases of the base are used", file);
            stored = stored.toBuilder().bias(BiasTraining.NONE).build();
        }
        return stored;
    }

    private boolean hasBiases() {
        return keys.names().keySet().stream().anyMatch(key -> key.kind() == PeftKey.Kind.BASE_BIAS);
    }

    /** Whether an adapted layer of the base has a bias, or the base is not known. */
    private boolean mayHaveBiases() {
        return base == null
                || base.baseLayers().stream().anyMatch(layer -> layer.bias() != null && keys.hasFactors(layer.path()));
    }

    private Optional<PeftLayout> layout(LoRAConfig config) {
        try {
            return Optional.of(PeftLayout.of(config, base, keys.shapes()));
        } catch (IllegalArgumentException e) {
            problems.add(MessageText.line(String.valueOf(e.getMessage())));
            return Optional.empty();
        }
    }

    private Map<PeftKey, INDArray> arrays(PeftLayout layout, DataType type) throws IOException {
        Map<PeftKey, INDArray> arrays = new LinkedHashMap<>();
        for (PeftKey key : layout.keys()) {
            try {
                INDArray array = tensors.tensor(keys.name(key), type);
                if (!ArrayBits.isFinite(array)) {
                    problems.add(MessageText.quote(keys.name(key))
                            + " must hold finite numbers, found NaN or infinite ones");
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

    private static LoRAAdapter assemble(LoRAConfig config, PeftLayout layout, Map<PeftKey, INDArray> arrays) {
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        Map<String, INDArray> biases = new LinkedHashMap<>();
        Map<String, LoRAAdapter.SavedModule> saved = new LinkedHashMap<>();
        Map<String, LoRAAdapter.TokenRows> tokens = new LinkedHashMap<>();
        arrays.forEach((key, array) -> {
            String path = key.path();
            switch (key.kind()) {
                case LORA_A, EMBEDDING_A -> weights.put(path, weights(path, array, arrays));
                case WEIGHT ->
                    saved.put(
                            path, new LoRAAdapter.SavedModule(array, arrays.get(new PeftKey(PeftKey.Kind.BIAS, path))));
                case BASE_BIAS -> biases.put(path, array);
                case TOKENS -> tokens.put(path, new LoRAAdapter.TokenRows(layout.tokens(path), array));
                case BIAS -> {
                    if (!arrays.containsKey(new PeftKey(PeftKey.Kind.WEIGHT, path))) {
                        biases.put(path, array);
                    }
                }
                default -> {}
            }
        });
        return new LoRAAdapter(config, weights, biases, saved, tokens);
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
        adapter.tokenRows().forEach((path, tokens) -> put(arrays, PeftKey.Kind.TOKENS, path, tokens.rows()));
        requireLayout(adapter.config(), base, arrays);
        requireReadable(arrays);
        return arrays;
    }

    /** A reader refuses other arrays, so they must not take the place of a good file. */
    private static void requireReadable(Map<PeftKey, INDArray> arrays) {
        List<String> tooLong = new ArrayList<>();
        List<String> notFinite = new ArrayList<>();
        arrays.forEach((key, array) -> {
            if (key.text().length() > FileKeys.LONGEST) {
                tooLong.add(key.text());
            }
            if (!ArrayBits.isFinite(array)) {
                notFinite.add(key.text());
            }
        });
        if (!tooLong.isEmpty()) {
            throw new IllegalArgumentException("names of tensors must have at most " + FileKeys.LONGEST
                    + " characters, found longer ones: " + MessageText.list(tooLong));
        }
        if (!notFinite.isEmpty()) {
            throw new IllegalArgumentException(
                    "an adapter must hold finite numbers to be saved, found NaN or infinite ones in "
                            + MessageText.list(notFinite)
                            + "; nothing was written; go back to an adapter from before the training diverged");
        }
    }

    private static void put(Map<PeftKey, INDArray> arrays, PeftKey.Kind kind, String path, @Nullable INDArray array) {
        if (array != null) {
            arrays.put(new PeftKey(kind, path), array);
        }
    }

    private static void requireLayout(LoRAConfig config, @Nullable BaseModel base, Map<PeftKey, INDArray> arrays) {
        Map<PeftKey, long[]> shapes = new LinkedHashMap<>();
        arrays.forEach((key, array) -> shapes.put(key, array.shape()));
        PeftLayout layout = PeftLayout.of(config, base, shapes);
        List<String> problems = layout.differences(shapes, Map.of());
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "an adapter's arrays must be those its configuration says: " + String.join("; ", problems));
        }
    }
}
