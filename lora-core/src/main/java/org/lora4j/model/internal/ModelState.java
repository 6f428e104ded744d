package org.lora4j.model.internal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.NamedAdapters;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.batch.internal.Merging;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;

/**
 * The adapters of a model at one moment. Immutable, so that a prediction that reads it once sees neither half a
 * change nor two.
 */
public final class ModelState {
    static final int MAX_SELECTIONS = 1024;

    private final Network network;
    private final NamedAdapters<AppliedAdapter> adapters;
    private final List<String> active;
    private final boolean enabled;
    private final @Nullable MergedLayers merged;

    /** What the layers compute with under some adapters, as long as those stay the same. */
    private final ConcurrentMap<Selection, EffectiveLayers> selections;

    /** Copies of the weights with some adapters merged into them. */
    private record MergedLayers(Selection selection, EffectiveLayers layers) {}

    private ModelState(
            Network network,
            NamedAdapters<AppliedAdapter> adapters,
            List<String> active,
            boolean enabled,
            @Nullable MergedLayers merged,
            ConcurrentMap<Selection, EffectiveLayers> selections) {
        this.network = network;
        this.adapters = adapters;
        this.active = active;
        this.enabled = enabled;
        this.merged = merged;
        this.selections = selections;
    }

    public static ModelState of(Network network) {
        return new ModelState(network, NamedAdapters.none(), List.of(), true, null, new ConcurrentHashMap<>());
    }

    /** Other adapters. A merged copy stays if its adapters are still the same. */
    public ModelState withAdapters(NamedAdapters<AppliedAdapter> changed, List<String> nowActive) {
        boolean mergedStays = merged != null
                && merged.selection.names().stream().allMatch(name -> changed.find(name) == adapters.find(name));
        return new ModelState(
                network,
                changed,
                List.copyOf(nowActive),
                enabled,
                mergedStays ? merged : null,
                new ConcurrentHashMap<>());
    }

    public ModelState withActive(List<String> nowActive) {
        return new ModelState(network, adapters, List.copyOf(nowActive), enabled, merged, selections);
    }

    public ModelState withEnabled(boolean nowEnabled) {
        return new ModelState(network, adapters, active, nowEnabled, merged, selections);
    }

    public ModelState withMerged(Network mergedNetwork) {
        Map<WeightedLayer, EffectiveLinear> layers = new LinkedHashMap<>();
        EffectiveLayers factored = factored(Selection.of(active));
        Predicate<WeightedLayer> isUnchanged = Merging.keepsWeight(factored);
        for (WeightedLayer layer : network.weightedLayers()) {
            // Another copy of what no adapter changes would be rounded once more, if the base is stored in fewer bits.
            layers.put(
                    layer,
                    isUnchanged.test(layer)
                            ? factored.of(layer)
                            : mergedNetwork.baseLayer(layer.path()).updates().effective());
        }
        return new ModelState(
                network,
                adapters,
                active,
                enabled,
                new MergedLayers(Selection.of(active), EffectiveLayers.of(layers)),
                selections);
    }

    public ModelState withoutMerged() {
        return new ModelState(network, adapters, active, enabled, null, selections);
    }

    /** The layers of the base. */
    public LayerStack stack() {
        return network.stack();
    }

    public NamedAdapters<AppliedAdapter> adapters() {
        return adapters;
    }

    /** The active adapters, whether they are enabled or not. */
    public List<String> active() {
        return active;
    }

    public boolean isEnabled() {
        return enabled;
    }

    /** The adapters that a prediction of the model itself applies: the active ones unless they are disabled. */
    public List<String> applied() {
        return enabled ? active : List.of();
    }

    /** The adapters that can train. */
    public List<String> trainable() {
        return adapters.names().stream()
                .filter(name -> adapter(name).isTrainable())
                .toList();
    }

    public boolean isMerged() {
        return merged != null && merged.selection.names().equals(active);
    }

    public AppliedAdapter adapter(String name) {
        return adapters.get(name);
    }

    /** What the layers compute with in predictions with some adapters: their merged copy if there is one. */
    public EffectiveLayers forPrediction(List<String> names) {
        return forPrediction(Selection.of(names));
    }

    public EffectiveLayers forPrediction(Selection selection) {
        if (merged != null && selection.equals(merged.selection)) {
            return merged.layers;
        }
        return factored(selection);
    }

    /**
     * What the layers compute with under some adapters, factored.
     *
     * @throws IllegalArgumentException if an adapter does not exist or is named twice, or two replace the same bias or layer
     */
    public EffectiveLayers factored(List<String> names) {
        return factored(Selection.of(names));
    }

    public EffectiveLayers factored(Selection selection) {
        EffectiveLayers known = selections.get(selection);
        if (known != null) {
            return known;
        }
        if (selections.size() >= MAX_SELECTIONS) {
            // It is created again when it is needed.
            selections.remove(selections.keySet().iterator().next());
        }
        return selections.computeIfAbsent(selection, this::select);
    }

    /**
     * What the layers of the model itself compute with under some adapters, to be merged, trained or activated.
     *
     * @throws IllegalArgumentException as {@link #factored(List)}, or if an adapter has an end of its own
     */
    public EffectiveLayers ofModel(Selection selection) {
        return requireEndOfModel(selection.names(), factored(selection));
    }

    private EffectiveLayers requireEndOfModel(List<String> names, EffectiveLayers layers) {
        if (layers.stack(stack()) != stack()) {
            throw new IllegalArgumentException(
                    "adapters that are merged, trained, activated or applied together must be ones for"
                            + " the end of the model, found one with an end of its own among " + names
                            + "; a service only predicts with it");
        }
        return layers;
    }

    /** How many selections are remembered. */
    int countSelections() {
        return selections.size();
    }

    private EffectiveLayers select(Selection selection) {
        List<String> names = selection.names();
        List<AppliedAdapter> chosen = adapters.select(names);
        if (chosen.size() == 1) {
            return chosen.get(0).layers(selection.multiplier());
        }
        chosen.forEach(adapter -> requireEndOfModel(names, adapter.layers(1)));
        Map<WeightedLayer, EffectiveLinear> layers = new LinkedHashMap<>();
        for (WeightedLayer layer : network.weightedLayers()) {
            adapters.requireOneReplaces(names, layer.path(), adapter -> adapter.replaces(layer));
            EffectiveLinear effective = layer.original();
            for (AppliedAdapter adapter : chosen) {
                effective = adapter.apply(layer, effective, selection.multiplier());
            }
            layers.put(layer, effective);
        }
        return EffectiveLayers.of(layers);
    }

    /**
     * Which adapters are applied, and how strongly.
     *
     * @param names the adapters, whose updates add up
     * @param multiplier what the scale of each is multiplied by; 1 for the adapters as they are
     */
    public record Selection(List<String> names, double multiplier) {
        public Selection {
            names = List.copyOf(names);
        }

        public static Selection of(List<String> names) {
            return new Selection(names, 1);
        }
    }
}
