package org.lora4j.io.peft;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.TargetModules;
import org.lora4j.adapter.TrainableTokens;
import org.lora4j.internal.memory.Fingerprinted;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A base with the module paths of another model that has the same layers, as {@link PathPrefix} tells. An adapter of the
 * other model is read with it, and then gets the paths of the base.
 */
final class PrefixedBase implements BaseModel {
    private final BaseModel base;
    private final PathPrefix prefix;
    private final List<BaseLayer> layers;

    /** A layer under the path that the file has. */
    private record Layer(String path, BaseLayer layer) implements BaseLayer, Fingerprinted {
        @Override
        public LayerKind kind() {
            return layer.kind();
        }

        @Override
        public INDArray weight() {
            return layer.weight();
        }

        @Override
        public String fingerprint() {
            return Fingerprint.of(layer);
        }

        @Override
        public @Nullable INDArray bias() {
            return layer.bias();
        }

        @Override
        public long[] shape() {
            return layer.shape();
        }

        @Override
        public DataType dataType() {
            return layer.dataType();
        }
    }

    PrefixedBase(BaseModel base, PathPrefix prefix) {
        this.base = base;
        this.prefix = prefix;
        layers = base.baseLayers().stream()
                .filter(layer -> layer.path().startsWith(prefix.inBase()))
                .<BaseLayer>map(layer -> new Layer(prefix.toFile(layer.path()), layer))
                .toList();
    }

    @Override
    public List<BaseLayer> baseLayers() {
        return layers;
    }

    @Override
    public DataType dataType() {
        return base.dataType();
    }

    @Override
    public boolean supportsTrainableTokens() {
        return base.supportsTrainableTokens();
    }

    @Override
    public boolean supportsFrozenB() {
        return base.supportsFrozenB();
    }

    @Override
    public Optional<String> inputEmbedding() {
        return base.inputEmbedding()
                .filter(path -> path.startsWith(prefix.inBase()))
                .map(prefix::toFile);
    }

    @Override
    public Optional<String> replaceableHead() {
        return base.replaceableHead()
                .filter(path -> path.startsWith(prefix.inBase()))
                .map(prefix::toFile);
    }

    PathPrefix prefix() {
        return prefix;
    }

    /**
     * Whether a part of the file belongs to the head of the other model. Factors never do: what they adapt must be in the
     * base.
     */
    boolean isOfTheHead(PeftKey key) {
        return !key.path().startsWith(prefix.inFile())
                && (key.kind() == PeftKey.Kind.WEIGHT || key.kind() == PeftKey.Kind.BIAS);
    }

    /** The same adapter with the paths of the base. */
    LoRAAdapter toBase(LoRAAdapter adapter) {
        LoRAConfig config = adapter.config();
        Map<String, Integer> ranks = new LinkedHashMap<>();
        Map<String, Double> alphas = new LinkedHashMap<>();
        adapter.weights().keySet().forEach(path -> {
            if (config.rankOf(path) != config.rank()) {
                ranks.put(exactly(path), config.rankOf(path));
            }
            if (config.alphaOf(path) != config.alpha()) {
                alphas.put(exactly(path), config.alphaOf(path));
            }
        });
        Map<String, List<Integer>> tokens = new LinkedHashMap<>();
        Map<String, LoRAAdapter.TokenRows> rows = renamed(adapter.tokenRows());
        rows.forEach((path, row) -> tokens.put(path, row.tokens()));
        LoRAConfigBuilder changed = config.toBuilder()
                .rankPattern(ranks)
                .alphaPattern(alphas)
                .modulesToSave(List.copyOf(renamed(adapter.savedModules()).keySet()))
                .hubFields(hubFields(config.hubFields()));
        if (!tokens.isEmpty()) {
            changed.trainableTokens(TrainableTokens.of(tokens));
        }
        if (!choosesTheSame(adapter)) {
            changed.targetModules(
                            TargetModules.exactly(renamed(adapter.weights()).keySet()))
                    .excludeModules(null)
                    .layersPattern(List.of())
                    .layersToTransform(List.of());
        }
        return new LoRAAdapter(
                changed.build(),
                renamed(adapter.weights()),
                renamed(adapter.biases()),
                renamed(adapter.savedModules()),
                rows);
    }

    /** A key of a pattern that matches one path. */
    private String exactly(String path) {
        TargetModules only = TargetModules.exactly(List.of(prefix.toBase(path)));
        return "^" + ((TargetModules.Regex) only).expression();
    }

    private boolean choosesTheSame(LoRAAdapter adapter) {
        LoRAConfig config = adapter.config();
        return ModuleSelection.canSelect(config)
                && !(config.targetModules() instanceof TargetModules.AllLinear)
                && base.baseLayers().stream()
                        .allMatch(layer ->
                                ModuleSelection.isTarget(layer.path(), config) == isAdapted(layer.path(), adapter));
    }

    private boolean isAdapted(String path, LoRAAdapter adapter) {
        return path.startsWith(prefix.inBase()) && adapter.weights().containsKey(prefix.toFile(path));
    }

    /** The class of the other model is not that of the base, and a classifier is not opened without its head. */
    private LoRAConfig.HubFields hubFields(LoRAConfig.HubFields fields) {
        if (prefix.inFile().equals("module.")) {
            return fields; // DataParallel wraps the same model.
        }
        Map<String, String> others = new LinkedHashMap<>(fields.others());
        others.remove("auto_mapping");
        LoRAConfig.HubFields ofBase =
                new LoRAConfig.HubFields(base.taskType().orElse(null), fields.baseModel(), fields.revision(), others);
        return ofBase.needsHead() ? ofBase.withTaskType(null) : ofBase;
    }

    private <T> Map<String, T> renamed(Map<String, T> byPath) {
        Map<String, T> renamed = new LinkedHashMap<>();
        byPath.forEach((path, value) -> renamed.put(prefix.toBase(path), value));
        return renamed;
    }
}
