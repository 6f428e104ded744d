package org.lora4j.nn.batch.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
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
    private final Map<SelfAttention, LayerCache<?>> byLayer = new LinkedHashMap<>();
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
     * Returns what computed the tokens.
     *
     * @return the version of the layers that {@link #use} was told last
     */
    public @Nullable LayersVersion version() {
        return version;
    }

    /**
     * Copies the keys and values of tokens that follow each other.
     *
     * @param from the first token
     * @param to the token behind the last one
     * @return a copy, without what windows have left out
     * @throws IllegalArgumentException if there are not as many
     */
    public CacheBlock copy(int from, int to) {
        if (from < 0 || to < from || to > length) {
            throw new IllegalArgumentException(
                    "a cache of " + length + " tokens must have those that are copied, found " + from + " to " + to);
        }
        List<LayerBlock<?>> layerBlocks = new ArrayList<>();
        long bytes = 0;
        for (Map.Entry<SelfAttention, LayerCache<?>> each : byLayer.entrySet()) {
            LayerBlock<?> block = each.getValue().copy(from, to, written);
            layerBlocks.add(block);
            bytes += LayerCache.bytes(
                    each.getKey(), block.count(), network.dataType().width());
        }
        return new CacheBlock(List.copyOf(layerBlocks), bytes);
    }

    /**
     * Continues with tokens that another cache of the same version has computed. What is known up to them stays.
     *
     * @param blocks blocks that follow each other. The first begins at a token that is known, or behind the last one
     * @param from the first token of the first block
     * @param size the tokens of each block
     * @param room for how many tokens there is to be room
     * @return how many tokens are known then: not those of blocks in which a window has left out what the next token sees
     */
    public int append(List<CacheBlock> blocks, int from, int size, int room) {
        int count = blocks.size();
        while (count > 0 && !hold(blocks.subList(0, count), from, size)) {
            count--;
        }
        int end = from + count * size;
        if (end <= length) {
            return length;
        }
        grow(Math.max(room, end));
        int layer = 0;
        for (LayerCache<?> cache : byLayer.values()) {
            paste(cache, blocks.subList(0, count), layer++);
        }
        written = Math.max(length == 0 ? 0 : written, end);
        length = end;
        return length;
    }

    /** Whether blocks have all that the token behind them sees from their first token on. */
    private boolean hold(List<CacheBlock> blocks, int from, int size) {
        int end = from + blocks.size() * size;
        int layer = 0;
        for (LayerCache<?> cache : byLayer.values()) {
            int seen = cache.firstSeen(end);
            for (int i = Math.max(0, seen - from) / size; i < blocks.size(); i++) {
                LayerBlock<?> block = blocks.get(i).layers().get(layer);
                if (block.first() > Math.max(seen, from + i * size)) {
                    return false;
                }
            }
            layer++;
        }
        return true;
    }

    @SuppressWarnings("unchecked") // The type is that of all numbers of the network.
    private static <A> void paste(LayerCache<A> cache, List<CacheBlock> blocks, int layer) {
        cache.paste(blocks.stream()
                .map(block -> (LayerBlock<A>) block.layers().get(layer))
                .toList());
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
        grow(needed);
        written = Math.max(length == 0 ? 0 : written, needed);
    }

    private void grow(int needed) {
        if (needed > capacity) {
            int grown = Math.min(limit, Math.max(Math.max(LEAST_CAPACITY, needed), 2 * capacity));
            byLayer.values().forEach(cache -> cache.grow(grown));
            capacity = grown;
        }
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
