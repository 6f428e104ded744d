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

    /** How many of the first tokens were computed as those of a prompt, by products of several rows. */
    private int asPrompt;

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
        int kept = cache.truncate(same);
        asPrompt = Math.min(asPrompt, kept);
        return kept;
    }

    /**
     * Continues with what is known of a prompt.
     *
     * @param prompt the tokens of the prompt, with which the text begins
     * @return how many more tokens are known
     */
    int extend(PrefixTree prefixes, int prompt) {
        int before = from();
        int more = prefixes.extend(cache, ids, prompt);
        if (more > 0 && before / PrefixTree.BLOCK * PrefixTree.BLOCK <= asPrompt) {
            asPrompt = from();
        }
        return more;
    }

    /**
     * Adds what was computed of a prompt to what is known.
     *
     * @param before the first token that the last step computed
     */
    void addTo(PrefixTree prefixes, int before, int prompt) {
        int computed = Math.min(from(), prompt);
        if (before <= asPrompt && computed - before >= PrefixTree.BLOCK) {
            asPrompt = computed;
            prefixes.add(cache, ids, asPrompt);
        }
    }

    /**
     * How many tokens the next step computes: those to the end of a block, and so many to the end of the text that no step has fewer
     * than those of a block.
     *
     * @param most about as many; at least two blocks
     */
    int part(int most) {
        int left = length - from();
        if (left <= most) {
            return left;
        }
        int end = (from() + most) / PrefixTree.BLOCK * PrefixTree.BLOCK;
        return length - end < PrefixTree.BLOCK ? left : end - from();
    }

    /** Whether another text has the same tokens up to one of them. */
    boolean beginsAs(CachedSequence other, int to) {
        return Arrays.equals(ids, 0, to, other.ids, 0, to);
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
        asPrompt = Math.min(asPrompt, from());
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
