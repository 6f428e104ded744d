package org.lora4j;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.Names;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.internal.Merging;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The adapters of a {@link LoRAModel} by name, and which of them are active. Each change replaces the state as a whole, and
 * a change that fails leaves it as it was.
 */
final class AdapterRegistry {
    private static final Logger log = LoggerFactory.getLogger(LoRAModel.class);

    private final Network network;
    private volatile ModelState state;
    private int openScopes;

    AdapterRegistry(Network network) {
        this.network = network;
        state = ModelState.of(network);
    }

    ModelState state() {
        return state;
    }

    synchronized void add(String name, LoRAConfig config) {
        requireNew(name);
        add(name, named(name, () -> AppliedAdapter.initialize(network, config)));
    }

    synchronized void add(String name, LoRAAdapter data) {
        requireNew(name);
        add(name, named(name, () -> AppliedAdapter.of(network, data)));
    }

    /**
     * Adds an adapter that does not become active, even if it is the first.
     *
     * @return the adapter, or null if there is one of this name already, which stays
     */
    @Nullable
    AppliedAdapter addInactive(String name, LoRAAdapter data) {
        AppliedAdapter adapter = named(name, () -> AppliedAdapter.of(network, data));
        synchronized (this) {
            if (state.adapters().containsKey(name)) {
                return null;
            }
            requireNew(name);
            add(name, adapter, state.active());
        }
        return adapter;
    }

    private void requireNew(String name) {
        if (state.adapters().containsKey(name)) {
            throw new IllegalArgumentException("an adapter '" + name + "' exists already; there are "
                    + Names.brackets(state.adapters().keySet()));
        }
        AdapterNames.requireNew(name, state.adapters().keySet());
    }

    private void add(String name, AppliedAdapter adapter) {
        add(name, adapter, state.adapters().isEmpty() ? List.of(name) : state.active());
    }

    private void add(String name, AppliedAdapter adapter, List<String> active) {
        Map<String, AppliedAdapter> adapters = new LinkedHashMap<>(state.adapters());
        adapters.put(name, adapter);
        state = state.withAdapters(adapters, active);
        for (Parameter parameter : adapter.parameters()) {
            log.debug("adapter {}: added {}", name, parameter);
        }
    }

    private static AppliedAdapter named(String name, Supplier<AppliedAdapter> create) {
        try {
            return create.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("adapter '" + name + "': " + e.getMessage(), e);
        }
    }

    synchronized AppliedAdapter replace(String name, LoRAAdapter data) {
        ModelState before = state;
        before.adapter(name);
        AppliedAdapter adapter = named(name, () -> AppliedAdapter.of(network, data));
        Map<String, AppliedAdapter> adapters = new LinkedHashMap<>(before.adapters());
        adapters.put(name, adapter);
        ModelState after = before.withAdapters(adapters, before.active());
        after.factored(after.active());
        state = after;
        return adapter;
    }

    synchronized void rename(String name, String newName) {
        ModelState before = state;
        before.adapter(name);
        requireNewExcept(name, newName);
        Map<String, AppliedAdapter> adapters = new LinkedHashMap<>();
        before.adapters().forEach((key, adapter) -> adapters.put(key.equals(name) ? newName : key, adapter));
        state = before.withAdapters(
                adapters,
                before.active().stream()
                        .map(key -> key.equals(name) ? newName : key)
                        .toList());
    }

    private void requireNewExcept(String name, String newName) {
        if (state.adapters().containsKey(newName)) {
            requireNew(newName);
        }
        List<String> others = new ArrayList<>(state.adapters().keySet());
        others.remove(name);
        AdapterNames.requireNew(newName, others);
    }

    synchronized void delete(String name) {
        ModelState before = state;
        before.adapter(name);
        Map<String, AppliedAdapter> adapters = new LinkedHashMap<>(before.adapters());
        adapters.remove(name);
        state = before.withAdapters(
                adapters,
                before.active().stream().filter(key -> !key.equals(name)).toList());
    }

    /** Deletes an adapter if the name still stands for it, and it is frozen and not active. */
    synchronized boolean deleteUnused(String name, AppliedAdapter adapter) {
        if (state.adapters().get(name) != adapter
                || adapter.isTrainable()
                || state.active().contains(name)) {
            return false;
        }
        delete(name);
        return true;
    }

    synchronized void activate(List<String> names) {
        state = state.withActive(requireSelectable(names));
    }

    /** Checks that adapters exist, are named once and can be applied together. */
    List<String> requireSelectable(List<String> names) {
        if (new HashSet<>(names).size() != names.size()) {
            throw new IllegalArgumentException("each adapter must be named once, found " + names);
        }
        state.factored(names);
        return names;
    }

    synchronized LoRAModel.Scope disable() {
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

    synchronized void setTrainable(List<String> names) {
        names.forEach(state::adapter);
        state.adapters().forEach((name, adapter) -> adapter.setTrainable(names.contains(name)));
    }

    /** Merges adapters into a plain network. */
    Network merge(List<String> names) {
        return merge(Selection.of(names));
    }

    Network merge(Selection selection) {
        return merge(state, selection);
    }

    private Network merge(ModelState from, Selection selection) {
        try {
            return Merging.merge(network, from.factored(selection));
        } catch (ArithmeticException e) {
            ArithmeticException withNames =
                    new ArithmeticException(e.getMessage() + "; adapters are " + selection.names());
            withNames.initCause(e);
            throw withNames;
        }
    }

    synchronized void mergeForPrediction() {
        ModelState before = state;
        if (before.isMerged()) {
            log.warn("the adapters {} are merged already", before.active());
            return;
        }
        Network merged = merge(before, Selection.of(before.active()));
        merged.freeze();
        state = before.withMerged(merged);
    }

    synchronized void unmerge() {
        state = state.withoutMerged();
    }
}
