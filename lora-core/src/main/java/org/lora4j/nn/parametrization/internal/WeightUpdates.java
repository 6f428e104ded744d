package org.lora4j.nn.parametrization.internal;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parameter.Parameter;

/** The updates registered on the weight of one layer, by name. Thread-safe. */
public final class WeightUpdates {
    private final String path;
    private final Parameter weight;
    private final @Nullable Parameter bias;
    private final Map<String, WeightUpdate> registered = new LinkedHashMap<>();
    private final Set<String> enabled = new LinkedHashSet<>();
    private volatile EffectiveLinear effective;

    /**
     * Creates an empty registry.
     *
     * @param path the module path of the layer, for messages
     * @param weight {@code W [out, in]}
     * @param bias {@code b [out]}, or null
     */
    public WeightUpdates(String path, Parameter weight, @Nullable Parameter bias) {
        this.path = path;
        this.weight = weight;
        this.bias = bias;
        effective = new EffectiveLinear(weight, bias, List.of());
    }

    /**
     * Returns what the layer computes with now: the original and the enabled updates.
     *
     * @return an immutable snapshot
     */
    public EffectiveLinear effective() {
        return effective;
    }

    /**
     * Registers an update; it is enabled.
     *
     * @param name its name on this layer
     * @param update the update
     * @throws IllegalArgumentException if the name is taken; nothing changes then
     */
    public synchronized void register(String name, WeightUpdate update) {
        if (registered.containsKey(name)) {
            throw new IllegalArgumentException(path + ": a parametrization named '" + name
                    + "' is registered already; registered are " + registered.keySet());
        }
        registered.put(name, update);
        enabled.add(name);
        refresh();
    }

    /**
     * Removes an update. The effective weight no longer has its update.
     *
     * @param name its name on this layer
     * @throws IllegalArgumentException if there is none of this name
     */
    public synchronized void remove(String name) {
        requireRegistered(name);
        registered.remove(name);
        enabled.remove(name);
        refresh();
    }

    /**
     * Enables or disables an update.
     *
     * @param name its name on this layer
     * @param on whether its ΔW is added
     * @throws IllegalArgumentException if there is none of this name
     */
    public synchronized void setEnabled(String name, boolean on) {
        requireRegistered(name);
        if (on ? enabled.add(name) : enabled.remove(name)) {
            refresh();
        }
    }

    /**
     * Returns whether an update is enabled.
     *
     * @param name its name on this layer
     * @return true if its ΔW is added
     * @throws IllegalArgumentException if there is none of this name
     */
    public synchronized boolean isEnabled(String name) {
        requireRegistered(name);
        return enabled.contains(name);
    }

    /**
     * Returns all updates, enabled or not.
     *
     * @return a copy, in the order of registration
     */
    public synchronized Map<String, WeightUpdate> all() {
        return Collections.unmodifiableMap(new LinkedHashMap<>(registered));
    }

    private void requireRegistered(String name) {
        if (!registered.containsKey(name)) {
            throw new IllegalArgumentException(
                    path + ": no parametrization named '" + name + "'; registered are " + registered.keySet());
        }
    }

    private void refresh() {
        effective = new EffectiveLinear(
                weight,
                bias,
                registered.entrySet().stream()
                        .filter(entry -> enabled.contains(entry.getKey()))
                        .map(Map.Entry::getValue)
                        .toList());
    }
}
