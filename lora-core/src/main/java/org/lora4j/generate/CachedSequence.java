package org.lora4j.generate;

import java.util.Arrays;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.KeyValueCache;

/** The tokens of a text, and the keys and values of those that were computed. It belongs to one thread at a time. */
final class CachedSequence {
    private final KeyValueCache cache;
    private EffectiveLayers layers;
    private int[] ids = new int[0];
    private int length;

    CachedSequence(Decoder decoder, EffectiveLayers layers, int limit) {
        cache = new KeyValueCache(decoder.stack(), limit);
        this.layers = layers;
    }

    /**
     * Starts another text. What is known of the tokens at its start is kept, if the same layers computed them.
     *
     * @param most how many of them are kept at most
     * @return how many are kept
     */
    int start(EffectiveLayers now, int[] text, int most) {
        layers = now;
        cache.use(now, true);
        int same = 0;
        while (same < Math.min(most, cache.length()) && ids[same] == text[same]) {
            same++;
        }
        ids = text.clone();
        length = text.length;
        return cache.truncate(same);
    }

    void append(int id) {
        if (length == ids.length) {
            ids = Arrays.copyOf(ids, 2 * length);
        }
        ids[length] = id;
        length++;
    }

    /** Drops what is known if the layers have changed since. */
    void check() {
        cache.use(layers, false);
    }

    EffectiveLayers layers() {
        return layers;
    }

    KeyValueCache cache() {
        return cache;
    }

    /** The first token that is not computed yet. */
    int from() {
        return cache.length();
    }

    /** The next tokens, so many or up to the end of the text. */
    int[] next(int most) {
        return Arrays.copyOfRange(ids, from(), from() + Math.min(most, length - from()));
    }

    int length() {
        return length;
    }
}
