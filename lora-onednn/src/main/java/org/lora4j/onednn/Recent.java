package org.lora4j.onednn;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The values that were used last. Not thread-safe.
 *
 * @param <K> the keys
 * @param <V> the values
 */
final class Recent<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1L;

    private final int most;
    private final transient Consumer<? super V> dropped;

    /**
     * Creates an empty map.
     *
     * @param most how many values it keeps
     * @param dropped gets each value that has to go
     */
    Recent(int most, Consumer<? super V> dropped) {
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
