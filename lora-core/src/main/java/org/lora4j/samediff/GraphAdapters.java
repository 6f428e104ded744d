package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.Names;

/** The adapters of a graph by name. */
final class GraphAdapters {
    private final List<GraphLayer> layers;
    private final Map<String, GraphAdapter> adapters = new LinkedHashMap<>();

    GraphAdapters(List<GraphLayer> layers) {
        this.layers = layers;
    }

    Set<String> names() {
        return new LinkedHashSet<>(adapters.keySet());
    }

    void put(GraphAdapter adapter) {
        adapters.put(adapter.name(), adapter);
    }

    void remove(String name) {
        adapters.remove(name);
    }

    void clear() {
        adapters.clear();
    }

    /** The adapter of a name; an error if there is none. */
    GraphAdapter require(String name) {
        GraphAdapter adapter = adapters.get(Objects.requireNonNull(name, "name must not be null"));
        if (adapter == null) {
            throw new IllegalArgumentException(
                    "no adapter '" + name + "'; there are " + Names.brackets(adapters.keySet()));
        }
        return adapter;
    }

    /** The adapters of some names; an error if they cannot be applied together. */
    List<GraphAdapter> select(List<String> names) {
        List<GraphAdapter> chosen = names.stream().map(this::require).toList();
        if (new HashSet<>(names).size() != names.size()) {
            throw new IllegalArgumentException("each adapter must be named once, found " + names);
        }
        for (GraphLayer layer : layers) {
            List<String> replacing = new ArrayList<>();
            for (GraphAdapter adapter : chosen) {
                if (adapter.replaces(layer)) {
                    replacing.add(adapter.name());
                }
            }
            if (replacing.size() > 1) {
                throw new IllegalArgumentException(layer.path()
                        + ": only one of the adapters that are applied together can have a bias or a whole layer,"
                        + " found " + replacing);
            }
        }
        return chosen;
    }

    void requireNew(String name) {
        if (adapters.containsKey(name)) {
            throw new IllegalArgumentException(
                    "an adapter '" + name + "' exists already; there are " + Names.brackets(adapters.keySet()));
        }
        AdapterNames.requireNew(name, adapters.keySet());
    }
}
