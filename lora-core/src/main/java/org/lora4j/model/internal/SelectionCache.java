package org.lora4j.model.internal;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Function;
import org.lora4j.nn.batch.internal.EffectiveLayers;

/**
 * Remembers what the layers compute with under some adapters. It is bounded: when it is full, it forgets an entry, which
 * is created again when it is needed. Thread-safe.
 */
final class SelectionCache {
    static final int MAX_SIZE = 1024;

    private final ConcurrentMap<Selection, EffectiveLayers> selections = new ConcurrentHashMap<>();

    EffectiveLayers get(Selection selection, Function<Selection, EffectiveLayers> create) {
        EffectiveLayers known = selections.get(selection);
        if (known != null) {
            return known;
        }
        if (selections.size() >= MAX_SIZE) {
            selections.remove(selections.keySet().iterator().next());
        }
        return selections.computeIfAbsent(selection, create);
    }

    int size() {
        return selections.size();
    }
}
