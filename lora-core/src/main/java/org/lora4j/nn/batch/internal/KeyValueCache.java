package org.lora4j.nn.batch.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.SelfAttention;

/**
 * The keys and values of the tokens of one sequence in all attentions of a decoder, so that the next tokens are computed
 * without those before.
 *
 * <p>A cache belongs to the effective layers that computed it, not to the name of an adapter. {@link #use} says which they are
 * now, and drops what others have computed; a {@link Pass} refuses a cache of others. It belongs to one thread at a time.
 */
public final class KeyValueCache {
    private static final int LEAST_CAPACITY = 16;

    private final LayerStack network;
    private final int limit;
    private final Map<SelfAttention, LayerCache<?>> byLayer = new HashMap<>();
    private @Nullable EffectiveLayers layers;
    private @Nullable LayersVersion version;
    private int length;

    /** The most tokens that were written since there were none, also by a computation that did not end. */
    private int written;

    private int capacity;

    /**
     * Creates an empty cache.
     *
     * @param network the layers of the decoder
     * @param limit the most tokens that it may hold
     */
    public KeyValueCache(LayerStack network, int limit) {
        this.network = network;
        this.limit = limit;
        RowMath<?> math = RowMath.of(network.dataType());
        attentions(network).forEach(attention -> byLayer.put(attention, new LayerCache<>(attention, math)));
    }

    private static List<SelfAttention> attentions(LayerStack network) {
        List<SelfAttention> all = new ArrayList<>();
        network.layers().forEach(layer -> collect(layer, all));
        return all;
    }

    private static void collect(Layer layer, List<SelfAttention> all) {
        if (layer instanceof SelfAttention attention && attention.isCausal()) {
            all.add(attention);
        }
        layer.children().forEach(child -> collect(child, all));
    }

    /**
     * Returns the size of the keys and values of one token, as long as no window leaves one out.
     *
     * @param network the layers of the decoder
     * @return {@code 2·g·d} numbers for each attention, in bytes
     */
    public static long bytesPerToken(LayerStack network) {
        return bytes(network, 1);
    }

    private static long bytes(LayerStack network, long tokens) {
        int width = network.dataType().width();
        return attentions(network).stream()
                .mapToLong(attention -> LayerCache.bytes(attention, tokens, width))
                .sum();
    }

    /**
     * Says what the layers compute with from here on. Tokens that others have computed are dropped, and so are those that were
     * computed before a parameter was unfrozen or written to, and those of which a computation that failed has overwritten some.
     *
     * @param now what the layers compute with
     * @param readsArrays whether arrays of trainable parameters are compared too, which finds writes of others than this
     *     library, and takes as long as to read them
     */
    public void use(EffectiveLayers now, boolean readsArrays) {
        keep(length);
        if (!readsArrays && version != null && version.isStillOf(network, now)) {
            layers = now;
            return;
        }
        LayersVersion versionNow = LayersVersion.of(network, now, readsArrays, version);
        if (!versionNow.equals(version)) {
            length = 0;
        }
        layers = now;
        version = versionNow;
    }

    /**
     * Returns the number of tokens whose keys and values are known.
     *
     * @return the tokens, without those that are masked
     */
    public int length() {
        return length;
    }

    /**
     * Drops the last tokens. If a window has left out tokens that the next one sees then, all are dropped.
     *
     * @param tokens how many stay
     * @return how many stay: the same, or 0
     * @throws IllegalArgumentException if there are not as many
     */
    public int truncate(int tokens) {
        if (tokens < 0 || tokens > length) {
            throw new IllegalArgumentException(
                    "a cache of " + length + " tokens must keep some of them, found " + tokens);
        }
        keep(tokens);
        return length;
    }

    private void keep(int tokens) {
        boolean isThere = byLayer.values().stream().allMatch(cache -> cache.holds(written, tokens));
        length = isThere ? tokens : 0;
    }

    /**
     * Returns the memory that is allocated now.
     *
     * @return the bytes
     */
    public long bytes() {
        return bytes(network, capacity);
    }

    /** Checks that these layers are in use, and makes room for further tokens. */
    void begin(EffectiveLayers computing, int tokens) {
        if (computing != layers) {
            throw new IllegalStateException(
                    "a cache of keys and values must be of the layers that compute, found one of"
                            + " other adapters; say with use which layers compute");
        }
        int needed = length + tokens;
        if (needed > limit) {
            throw new IllegalStateException("a cache of keys and values must hold at most " + limit + " tokens, found "
                    + needed + "; use a larger one or fewer tokens");
        }
        if (needed > capacity) {
            int grown = Math.min(limit, Math.max(Math.max(LEAST_CAPACITY, needed), 2 * capacity));
            byLayer.values().forEach(cache -> cache.grow(grown));
            capacity = grown;
        }
        written = Math.max(length == 0 ? 0 : written, needed);
    }

    /** Counts further tokens, whose keys and values all layers have set. */
    void add(int tokens) {
        length += tokens;
    }

    /** The keys and values of an attention. */
    @SuppressWarnings("unchecked") // The type is that of all numbers of the network.
    public <A> LayerCache<A> of(SelfAttention layer) {
        LayerCache<?> cache = byLayer.get(layer);
        if (cache == null) {
            throw new IllegalStateException(layer.path() + ": a cache must be of the network that computes");
        }
        return (LayerCache<A>) cache;
    }
}
