package org.lora4j;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.EffectiveLinear;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;

/**
 * What a {@link LoRAModel} consists of at one moment. Immutable, so that a prediction that took it sees neither half a
 * change nor two.
 *
 * @param merged the layers with the adapters named by {@code mergedNames} merged into copies of their weights, or null
 */
record ModelState(
        Network network,
        Map<String, NamedAdapter> adapters,
        List<String> active,
        boolean enabled,
        List<String> mergedNames,
        @Nullable Map<Linear, EffectiveLinear> merged,
        Map<List<String>, Map<Linear, EffectiveLinear>> selections) {
    static ModelState of(Network network) {
        return new ModelState(network, Map.of(), List.of(), true, List.of(), null, new ConcurrentHashMap<>());
    }

    ModelState withAdapters(Map<String, NamedAdapter> changed, List<String> nowActive) {
        return new ModelState(
                network,
                Collections.unmodifiableMap(new LinkedHashMap<>(changed)),
                List.copyOf(nowActive),
                enabled,
                List.of(),
                null,
                new ConcurrentHashMap<>());
    }

    ModelState withActive(List<String> nowActive) {
        return new ModelState(network, adapters, List.copyOf(nowActive), enabled, mergedNames, merged, selections);
    }

    ModelState withEnabled(boolean nowEnabled) {
        return new ModelState(network, adapters, active, nowEnabled, mergedNames, merged, selections);
    }

    ModelState withMerged(List<String> names, @Nullable Map<Linear, EffectiveLinear> layers) {
        return new ModelState(network, adapters, active, enabled, List.copyOf(names), layers, selections);
    }

    /** What each layer computes with now. */
    Function<Linear, EffectiveLinear> selection() {
        return selection(enabled ? active : List.of());
    }

    /** What each layer computes with under some adapters: their merged copy if there is one, else their factors. */
    Function<Linear, EffectiveLinear> selection(List<String> names) {
        if (merged != null && names.equals(mergedNames)) {
            return merged::get;
        }
        return factored(names)::get;
    }

    /** What each layer computes with under some adapters, factored. */
    Map<Linear, EffectiveLinear> factored(List<String> names) {
        Map<Linear, EffectiveLinear> known = selections.get(names);
        return known != null ? known : selections.computeIfAbsent(names, this::select);
    }

    private Map<Linear, EffectiveLinear> select(List<String> names) {
        List<NamedAdapter> chosen = new ArrayList<>();
        for (String name : names) {
            chosen.add(adapter(name));
        }
        Map<Linear, EffectiveLinear> layers = new LinkedHashMap<>();
        for (Linear linear : network.linears()) {
            List<String> replacing = chosen.stream()
                    .filter(adapter -> adapter.replaces(linear))
                    .map(NamedAdapter::name)
                    .toList();
            if (replacing.size() > 1) {
                throw new IllegalArgumentException(linear.path()
                        + ": only one active adapter can bring a bias or a whole layer, found " + replacing);
            }
            EffectiveLinear effective = new EffectiveLinear(linear.original(), linear.bias(), List.of());
            for (NamedAdapter adapter : chosen) {
                effective = adapter.apply(linear, effective);
            }
            layers.put(linear, effective);
        }
        return layers;
    }

    NamedAdapter adapter(String name) {
        NamedAdapter adapter = adapters.get(name);
        if (adapter == null) {
            throw new IllegalArgumentException("no adapter '" + name + "'; there are " + adapters.keySet());
        }
        return adapter;
    }
}
