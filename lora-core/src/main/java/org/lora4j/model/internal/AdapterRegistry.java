package org.lora4j.model.internal;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.NamedAdapters;
import org.lora4j.internal.events.AdapterDropEvent;
import org.lora4j.internal.events.FlightEvents;
import org.lora4j.model.internal.ModelState.Selection;
import org.lora4j.nn.Network;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.batch.internal.Merging;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The adapters of a model by name, and which of them are active. Each change replaces the state as a whole, and
 * a change that fails leaves it as it was.
 */
public final class AdapterRegistry {
    /** Users know these messages under the name of the model. */
    private static final Logger log = LoggerFactory.getLogger("org.lora4j.LoRAModel");

    private final Network network;
    private volatile ModelState state;
    private int openScopes;

    /** What computes the networks of adapters that have an end of their own. */
    private final Map<Network, LayerStack> ends = new HashMap<>();

    public AdapterRegistry(Network network) {
        this.network = network;
        state = ModelState.of(network);
    }

    public ModelState state() {
        return state;
    }

    public synchronized void add(String name, LoRAConfig config) {
        state.adapters().requireNew(name);
        add(name, NamedAdapters.named(name, () -> AppliedAdapter.initialize(network, config)));
    }

    public void add(String name, LoRAConfig config, EvaData init) {
        add(name, () -> AppliedAdapter.initialize(network, config, init));
    }

    public void add(String name, LoRAConfig config, Network original) {
        add(name, () -> AppliedAdapter.initialize(network, config, original));
    }

    /** Predictions and other changes go on while an adapter is computed. */
    private void add(String name, Supplier<AppliedAdapter> create) {
        state().adapters().requireNew(name);
        AppliedAdapter adapter = NamedAdapters.named(name, create);
        synchronized (this) {
            state.adapters().requireNew(name);
            add(name, adapter);
        }
    }

    public synchronized void add(String name, LoRAAdapter data) {
        state.adapters().requireNew(name);
        add(name, applied(name, data));
    }

    /**
     * Adds an adapter that does not become active, even if it is the first.
     *
     * @param of the network that it is for: that of the model, or another end of the same transformer
     * @return the adapter, or null if there is one of this name already, which stays
     */
    @Nullable
    public ManagedAdapter addManaged(String name, LoRAAdapter data, Network of) {
        AppliedAdapter adapter = applied(name, data, of);
        synchronized (this) {
            if (state.adapters().find(name) != null) {
                return null;
            }
            add(name, adapter, state.active());
        }
        return new ManagedAdapter(this, name, adapter);
    }

    private void add(String name, AppliedAdapter adapter) {
        add(name, adapter, state.adapters().names().isEmpty() ? List.of(name) : state.active());
    }

    private void add(String name, AppliedAdapter adapter, List<String> active) {
        state = state.withAdapters(state.adapters().add(name, adapter), active);
        for (Parameter parameter : adapter.parameters()) {
            log.debug("adapter {}: added {}", name, parameter);
        }
    }

    public synchronized void replace(String name, LoRAAdapter data) {
        state.adapter(name);
        replaceBy(name, applied(name, data));
    }

    /**
     * Replaces an adapter if the name still stands for it.
     *
     * @return the new adapter, or null if the name stands for another one or none, which stays
     */
    @Nullable
    AppliedAdapter replace(String name, AppliedAdapter expected, LoRAAdapter data, Network of) {
        AppliedAdapter adapter = applied(name, data, of);
        synchronized (this) {
            if (state.adapters().find(name) != expected) {
                return null;
            }
            replaceBy(name, adapter);
        }
        return adapter;
    }

    private void replaceBy(String name, AppliedAdapter adapter) {
        ModelState before = state;
        ModelState after = before.withAdapters(before.adapters().replace(name, adapter), before.active());
        after.factored(after.active());
        state = after;
    }

    private AppliedAdapter applied(String name, LoRAAdapter data) {
        return applied(name, data, network);
    }

    private AppliedAdapter applied(String name, LoRAAdapter data, Network of) {
        return NamedAdapters.named(name, () -> AppliedAdapter.of(of, computing(of), data));
    }

    /** What another end computes with without an adapter. */
    public EffectiveLayers alone(Network end) {
        Map<WeightedLayer, EffectiveLinear> layers = new LinkedHashMap<>();
        LayerStack computing = computing(end);
        computing.weightedLayers().forEach(layer -> layers.put(layer, layer.original()));
        return EffectiveLayers.of(computing, layers);
    }

    /** The layers that compute a network: the first ones are those of the model, so that its rows go through them with those of others. */
    private LayerStack computing(Network of) {
        if (of == network) {
            return network.stack();
        }
        synchronized (ends) {
            return ends.computeIfAbsent(of, end -> {
                LayerStack stack = end.stack().after(network.stack());
                end.freeze();
                return stack;
            });
        }
    }

    public synchronized void rename(String name, String newName) {
        ModelState before = state;
        state = before.withAdapters(
                before.adapters().rename(name, newName),
                before.active().stream()
                        .map(key -> key.equals(name) ? newName : key)
                        .toList());
    }

    public synchronized void delete(String name) {
        ModelState before = state;
        AppliedAdapter deleted = before.adapters().find(name);
        state = before.withAdapters(
                before.adapters().delete(name),
                before.active().stream().filter(key -> !key.equals(name)).toList());
        if (deleted != null && FlightEvents.areOn()) {
            new AdapterDropEvent().end(name, deleted.residentBytes());
        }
    }

    /** Deletes an adapter if the name still stands for it, and it is frozen and not active. */
    synchronized boolean deleteUnused(String name, AppliedAdapter adapter) {
        if (state.adapters().find(name) != adapter
                || adapter.isTrainable()
                || state.active().contains(name)) {
            return false;
        }
        delete(name);
        return true;
    }

    public synchronized void activate(List<String> names) {
        state.ofModel(Selection.of(names));
        state = state.withActive(names);
    }

    /** Checks that adapters exist, are named once and can be applied together. */
    public List<String> requireSelectable(List<String> names) {
        state.factored(names);
        return names;
    }

    /** Disables the active adapters until the returned function is called; calling it again has no effect. */
    public synchronized Runnable disable() {
        openScopes++;
        state = state.withEnabled(false);
        AtomicBoolean open = new AtomicBoolean(true);
        return () -> {
            if (open.getAndSet(false)) {
                closeScope();
            }
        };
    }

    private synchronized void closeScope() {
        openScopes--;
        state = state.withEnabled(openScopes == 0);
    }

    public synchronized void setTrainable(List<String> names) {
        names.forEach(state::adapter);
        for (String name : state.adapters().names()) {
            state.adapter(name).setTrainable(names.contains(name));
        }
    }

    /** Merges adapters into a plain network. */
    public Network merge(List<String> names) {
        return merge(Selection.of(names));
    }

    public Network merge(Selection selection) {
        return merge(state, selection);
    }

    private Network merge(ModelState from, Selection selection) {
        try {
            EffectiveLayers effective = from.ofModel(selection);
            return network.with(Merging.of(effective), Merging.keepsWeight(effective));
        } catch (ArithmeticException e) {
            ArithmeticException withNames =
                    new ArithmeticException(e.getMessage() + "; adapters are " + selection.names());
            withNames.initCause(e);
            throw withNames;
        }
    }

    public synchronized void mergeForPrediction() {
        ModelState before = state;
        if (before.isMerged()) {
            log.warn("the adapters {} are merged already", before.active());
            return;
        }
        Network merged = merge(before, Selection.of(before.active()));
        merged.freeze();
        state = before.withMerged(merged);
    }

    public synchronized void unmerge() {
        state = state.withoutMerged();
    }
}
