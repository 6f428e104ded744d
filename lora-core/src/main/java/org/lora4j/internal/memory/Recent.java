package org.lora4j.internal.memory;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.lora4j.internal.ForModules;

/**
 * The values that were used last: if there are too many, the one that was used longest ago has to go. Not thread-safe.
 *
 * @param <K> the keys
 * @param <V> the values
 */
@ForModules
public final class Recent<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1L;

    private final int most;
    private final transient Consumer<? super V> dropped;

    /**
     * Creates an empty map.
     *
     * @param most how many values it keeps
     */
    public Recent(int most) {
        this(most, value -> {});
    }

    /**
     * Creates an empty map.
     *
     * @param most how many values it keeps
     * @param dropped gets each value that has to go
     */
    public Recent(int most, Consumer<? super V> dropped) {
        super(16, 0.75f, true);
        this.most = most;
        this.dropped = dropped;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
        if (size() <= most) {
            return false;
        }
        dropped.accept(eldest.getValue());
        return true;
    }
}
