package org.lora4j.adapter;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.internal.MessageText;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Creates an adapter at its initialization. */
final class AdapterInitialization {
    /** What PEFT saves with every classifier, and does not read a file without. */
    private static final ModulesToSave HEADS = new ModulesToSave(List.of("classifier", "score"));

    private final BaseModel base;
    private final LoRAConfig config;
    private final Map<String, LoRAWeights> weights = new LinkedHashMap<>();
    private final Map<String, INDArray> biases = new LinkedHashMap<>();
    private final Map<String, LoRAAdapter.SavedModule> saved = new LinkedHashMap<>();
    private final Map<String, LoRAAdapter.TokenRows> tokenRows = new LinkedHashMap<>();
    private final Map<String, LowRankFactors> subtracted = new LinkedHashMap<>();

    private AdapterInitialization(BaseModel base, LoRAConfig config) {
        this.base = base;
        this.config = config;
    }

    static LoRAAdapter.Initialized of(BaseModel base, LoRAConfig config) {
        ConfigChecks.requirePositiveAlpha(config);
        List<String> missing = AdapterFeature.missing(base, config);
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(
                    "the host must support what the adapter has, found that it does not support "
                            + MessageText.line(String.join(" and ", missing)));
        }
        return new AdapterInitialization(base, config).create();
    }

    private LoRAAdapter.Initialized create() {
        ModuleSelection selection = ModuleSelection.of(base, config);
        Optional<String> input = base.inputEmbedding();
        for (BaseLayer layer : base.baseLayers()) {
            String path = layer.path();
            addTokenRows(layer, selection, input.filter(path::equals).isPresent());
            if (selection.saved().contains(path)) {
                INDArray bias = layer.bias();
                saved.put(path, new LoRAAdapter.SavedModule(copy(layer.weight()), bias == null ? null : copy(bias)));
            } else {
                addUpdate(layer, selection.adapted().contains(path));
            }
        }
        if (!config.trainableTokens().isEmpty() && tokenRows.isEmpty()) {
            throw new IllegalArgumentException(
                    "trainable tokens: must be those of an embedding of the base, found none for "
                            + config.trainableTokens() + "; the base has " + MessageText.list(base.paths()));
        }
        LoRAAdapter adapter = new LoRAAdapter(withTaskType(), weights, biases, saved, tokenRows);
        return new LoRAAdapter.Initialized(adapter, subtracted);
    }

    private void addUpdate(BaseLayer layer, boolean adapted) {
        INDArray bias = layer.bias();
        if (adapted) {
            LoRAWeights initial = LoRAWeights.initialize(layer, config);
            weights.put(layer.path(), initial);
            if (config.init().subtractsFromBase()) {
                LowRankFactors factors = initial.factors();
                subtracted.put(layer.path(), new LowRankFactors(copy(factors.b()), copy(factors.a())));
            }
        }
        if (bias != null && config.bias().trains(adapted)) {
            biases.put(layer.path(), copy(bias));
        }
    }

    private void addTokenRows(BaseLayer layer, ModuleSelection selection, boolean isInput) {
        List<Integer> tokens = config.trainableTokens().of(layer.path(), isInput);
        if (layer.kind() != LayerKind.EMBEDDING || tokens.isEmpty()) {
            return;
        }
        String path = layer.path();
        if (selection.saved().contains(path) || selection.adapted().contains(path)) {
            throw new IllegalArgumentException(
                    path + ": an embedding must have trainable tokens, or factors, or be a module"
                            + " to save, found two of them");
        }
        for (int token : tokens) {
            if (token >= layer.shape()[0]) {
                throw new IllegalArgumentException(path + ": trainable tokens must be below the vocabulary of "
                        + layer.shape()[0] + ", found " + token);
            }
        }
        tokenRows.put(path, LoRAAdapter.TokenRows.of(tokens, layer.weight()));
    }

    /**
     * The configuration with the task of the host. PEFT opens an adapter of a classifier only if the head is stored with it,
     * so others get none.
     */
    private LoRAConfig withTaskType() {
        LoRAConfig.HubFields fields = config.hubFields();
        if (fields.taskType() != null || base.taskType().isEmpty()) {
            return config;
        }
        LoRAConfig.HubFields ofTask = fields.withTaskType(base.taskType().get());
        boolean isOpened = !ofTask.needsHead()
                || base.paths().stream().filter(HEADS::matches).allMatch(saved::containsKey);
        return isOpened ? config.toBuilder().hubFields(ofTask).build() : config;
    }

    private static INDArray copy(INDArray array) {
        return array.dup(array.ordering());
    }
}
