package org.lora4j.model.internal;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.FrozenParameters;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.update.internal.HeadRowsUpdate;
import org.lora4j.update.internal.LoRAUpdate;
import org.lora4j.update.internal.TokenRowsUpdate;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An adapter applied to a network: an update for each adapted layer, and copies of the biases and layers that it
 * trains in place of the original ones. Only the arrays change, and only by training.
 */
public final class AppliedAdapter {
    private final LoRAConfig config;
    private final Map<String, LowRankFactors> subtracted;
    private final Map<WeightedLayer, LoRAUpdate> updates = new LinkedHashMap<>();
    private final Map<WeightedLayer, Parameter> biases = new LinkedHashMap<>();
    private final Map<WeightedLayer, SavedParameters> saved = new LinkedHashMap<>();
    private final Map<WeightedLayer, TokenRowsUpdate> tokenRows = new LinkedHashMap<>();

    /** The same rows in heads that share the table of the embedding. */
    private final Map<WeightedLayer, HeadRowsUpdate> headRows = new LinkedHashMap<>();

    /** The layers that have the weights, and those that compute with them, in the same order. */
    private final List<WeightedLayer> own;

    private final LayerStack computing;
    private final EffectiveLayers layers;
    private volatile @Nullable Known lastKnown;

    private AppliedAdapter(Network network, LoRAAdapter data, Map<String, LowRankFactors> subtracted) {
        this(network, network.stack(), data, subtracted);
    }

    private AppliedAdapter(
            Network network, LayerStack computing, LoRAAdapter data, Map<String, LowRankFactors> subtracted) {
        config = data.config();
        own = network.weightedLayers();
        this.computing = computing;
        this.subtracted = subtracted;
        TiedLayers.forEachTableFirst(network, data.weights(), (layer, weights) -> {
            LoRAUpdate update =
                    LoRAUpdate.of(layer, config, weights.castTo(network.dataType()), subtracted.get(layer.path()));
            LoRAUpdate ofTable = TiedLayers.table(layer, config, updates)
                    .filter(table -> TiedLayers.haveTheSameFactors(table, update))
                    .orElse(null);
            updates.put(layer, ofTable == null ? update : LoRAUpdate.ofTiedHead(layer, config, ofTable));
        });
        TiedLayers.forEachTableFirst(network, data.savedModules(), (layer, module) -> {
            SavedParameters table = TiedLayers.table(layer, config, saved).orElse(null);
            if (table != null
                    && ArrayBits.equal(table.weight().value(), module.weight().castTo(network.dataType()))) {
                saved.put(layer, table);
                return;
            }
            INDArray bias = module.bias();
            saved.put(
                    layer,
                    new SavedParameters(
                            parameter(layer.path() + ".weight", module.weight(), network),
                            bias == null ? null : parameter(layer.path() + ".bias", bias, network)));
        });
        data.tokenRows().forEach((path, rows) -> {
            WeightedLayer layer = network.baseLayer(path);
            List<Linear> heads = network.linears().stream()
                    .filter(linear -> linear.weightParameter() == layer.weightParameter())
                    .toList();
            TokenRowsUpdate update = TokenRowsUpdate.of(layer, rows.castTo(network.dataType()));
            tokenRows.put(layer, update);
            heads.forEach(head -> headRows.put(head, new HeadRowsUpdate(update)));
        });
        data.biases()
                .forEach((path, bias) -> biases.put(network.baseLayer(path), parameter(path + ".bias", bias, network)));
        layers = alone(1);
    }

    private EffectiveLayers alone(double multiplier) {
        Map<WeightedLayer, EffectiveLinear> applied = new LinkedHashMap<>();
        for (int i = 0; i < own.size(); i++) {
            WeightedLayer layer = computing.weightedLayers().get(i);
            applied.put(layer, apply(own.get(i), layer.original(), multiplier));
        }
        return EffectiveLayers.of(computing, applied);
    }

    /** What the layers compute with if this adapter alone is applied, with its scale multiplied. */
    public EffectiveLayers layers(double multiplier) {
        return multiplier == 1 ? layers : alone(multiplier);
    }

    private static Parameter parameter(String name, INDArray value, Network network) {
        INDArray cast = value.castTo(network.dataType());
        return new Parameter(name, cast.dup(cast.ordering()), true);
    }

    /**
     * Creates an adapter at its initialization, trainable.
     *
     * @throws IllegalArgumentException if the configuration does not fit the network
     */
    public static AppliedAdapter initialize(Network network, LoRAConfig config) {
        LoRAAdapter.Initialized initialized = LoRAAdapter.initialize(network, config);
        return new AppliedAdapter(network, TiedLayers.tie(network, initialized.adapter()), initialized.subtracted());
    }

    /**
     * Creates an adapter that is initialized from data, trainable.
     *
     * @throws IllegalArgumentException if the configuration or the data do not fit the network
     */
    public static AppliedAdapter initialize(Network network, LoRAConfig config, EvaData init) {
        return new AppliedAdapter(network, TiedLayers.tie(network, EvaAdapter.create(network, config, init)), Map.of());
    }

    /**
     * Creates an adapter that is initialized from what the rounding of the base lost, trainable.
     *
     * @throws IllegalArgumentException if the configuration does not fit the network, or the original has other layers
     */
    public static AppliedAdapter initialize(Network network, LoRAConfig config, Network original) {
        LoRAAdapter adapter = LoftQAdapter.create(network, config, original);
        return new AppliedAdapter(network, TiedLayers.tie(network, adapter), Map.of());
    }

    /**
     * Applies data to a network, frozen. The arrays are copied into the network's type.
     *
     * @param computing the layers that compute: those of the network, or a stack {@linkplain LayerStack#after after} that of a model
     * @throws IllegalArgumentException if the data do not fit the network; the message lists everything
     */
    public static AppliedAdapter of(Network network, LayerStack computing, LoRAAdapter data) {
        data.requireFits(network);
        AppliedAdapter adapter = new AppliedAdapter(network, computing, data, Map.of());
        adapter.setTrainable(false);
        return adapter;
    }

    public LoRAConfig config() {
        return config;
    }

    /** Whether it replaces a bias, a weight or rows of the layer, which only one adapter can do. */
    public boolean replaces(WeightedLayer layer) {
        return biases.containsKey(layer)
                || saved.containsKey(layer)
                || tokenRows.containsKey(layer)
                || headRows.containsKey(layer);
    }

    /** Applies the adapter to a layer, with its scale multiplied. */
    public EffectiveLinear apply(WeightedLayer layer, EffectiveLinear effective, double multiplier) {
        Parameter weight = effective.weight();
        Parameter bias = biases.getOrDefault(layer, effective.bias());
        SavedParameters copies = saved.get(layer);
        if (copies != null) {
            weight = copies.weight();
            bias = copies.bias();
        }
        EffectiveLinear applied = new EffectiveLinear(weight, bias, effective.updates());
        LoRAUpdate update = updates.get(layer);
        if (weight.shape()[0] != layer.shape()[0]
                && (update != null || !applied.updates().isEmpty())) {
            throw new IllegalArgumentException(
                    layer.path() + ": adapters that are applied together must have a head of the"
                            + " base's " + layer.shape()[0] + " outputs if one of them updates it, found a head with "
                            + weight.shape()[0] + " outputs and an update; apply them one by one");
        }
        if (update != null) {
            applied = applied.with(List.of(update.rescaled(multiplier)));
        }
        WeightUpdate rows = layer instanceof Linear ? headRows.get(layer) : tokenRows.get(layer);
        return rows == null ? applied : applied.with(List.of(rows));
    }

    /** All parameters of the adapter; one that two layers share is there once. */
    public List<Parameter> parameters() {
        Set<Parameter> all = new LinkedHashSet<>();
        updates.values().forEach(update -> all.addAll(update.parameters()));
        all.addAll(biases.values());
        for (SavedParameters copies : saved.values()) {
            all.add(copies.weight());
            if (copies.bias() != null) {
                all.add(copies.bias());
            }
        }
        tokenRows.values().forEach(rows -> all.addAll(rows.parameters()));
        return List.copyOf(all);
    }

    /** The bytes of all arrays of the adapter. */
    public long residentBytes() {
        long bytes = parameters().stream()
                .mapToLong(parameter -> bytes(parameter.value()))
                .sum();
        for (LoRAUpdate update : updates.values()) {
            LoRAWeights constant = update.subtracted();
            if (constant != null) {
                bytes += bytes(constant.loraA()) + bytes(constant.loraB());
            }
        }
        for (LowRankFactors factors : subtracted.values()) {
            bytes += bytes(factors.a()) + bytes(factors.b());
        }
        return bytes;
    }

    private static long bytes(INDArray array) {
        return array.length() * array.dataType().width();
    }

    /** Whether a parameter is one of its factors B, or the bias of one. */
    public boolean isLoraB(Parameter parameter) {
        return ownUpdates().anyMatch(one -> parameter == one.loraB() || parameter == one.loraBBias());
    }

    /** The updates without those that share the parameters of another one. */
    private Stream<LoRAUpdate> ownUpdates() {
        return updates.values().stream().filter(one -> !one.isTiedHead());
    }

    /** Freezes all, or lets all train but what the adapter keeps frozen. */
    public void setTrainable(boolean trainable) {
        Set<Parameter> frozen = new HashSet<>();
        if (config.init().freezesB()) {
            ownUpdates().forEach(one -> frozen.add(one.loraB()));
        }
        parameters().forEach(parameter -> parameter.setTrainable(trainable && !frozen.contains(parameter)));
    }

    public boolean isTrainable() {
        return parameters().stream().anyMatch(Parameter::isTrainable);
    }

    /** The factors A and B by module path; the arrays themselves. */
    public Map<String, LoRAWeights> factors() {
        Map<String, LoRAWeights> factors = new LinkedHashMap<>();
        updates.forEach((layer, one) -> factors.put(layer.path(), one.weights()));
        return factors;
    }

    /**
     * The {@link LoRAAdapter#fingerprint} of the adapter as it is now. That of a frozen adapter is remembered, because nobody may write
     * to its arrays.
     */
    public String fingerprint() {
        Known known = lastKnown;
        if (known != null && known.isCurrent()) {
            return known.fingerprint;
        }
        FrozenParameters now = FrozenParameters.of(parameters());
        String fingerprint = snapshot().fingerprint();
        lastKnown = new Known(fingerprint, now);
        return fingerprint;
    }

    /** The fingerprint of a frozen adapter if it was computed before, or null. */
    public @Nullable String knownFingerprint() {
        Known known = lastKnown;
        return known != null && known.isCurrent() ? known.fingerprint : null;
    }

    /** A fingerprint, and for which content it holds. */
    private record Known(String fingerprint, FrozenParameters parameters) {
        boolean isCurrent() {
            return parameters.areUnchanged();
        }
    }

    /** A copy of the adapter as data, as an update of the original base. */
    public LoRAAdapter snapshot() {
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        updates.forEach((layer, one) -> weights.put(layer.path(), one.copyOfWeights()));
        Map<String, INDArray> biasCopies = new LinkedHashMap<>();
        biases.forEach(
                (layer, bias) -> biasCopies.put(layer.path(), bias.value().dup()));
        Map<String, LoRAAdapter.SavedModule> modules = new LinkedHashMap<>();
        saved.forEach((layer, copies) -> modules.put(
                layer.path(),
                new LoRAAdapter.SavedModule(
                        copies.weight().value().dup('c'),
                        copies.bias() == null ? null : copies.bias().value().dup())));
        Map<String, LoRAAdapter.TokenRows> rowCopies = new LinkedHashMap<>();
        tokenRows.forEach((layer, rows) -> rowCopies.put(layer.path(), rows.copy()));
        return new LoRAAdapter(config, weights, biasCopies, modules, rowCopies).againstBase(subtracted);
    }

    @Override
    public String toString() {
        return "adapter on "
                + updates.keySet().stream().map(WeightedLayer::path).toList();
    }
}
