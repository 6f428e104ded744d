package org.lora4j.serve;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.BatchGenerator;

/**
 * The prompt caches of conversations that do not generate now. Those that were not used for the longest time make room for others.
 * Not thread-safe: the thread that takes the steps owns it.
 */
final class Conversations {
    private final int most;
    private final long bytesPerToken;
    private final Map<Key, BatchGenerator.PromptCache> kept = new LinkedHashMap<>();

    /**
     * What a cache is kept under: conversations of different adapters share nothing.
     *
     * @param sharing who may share it
     * @param id the conversation, as the request names it
     */
    record Key(Sharing sharing, String id) {}

    /**
     * Whose prompts may be computed once for all: those of one adapter, and of one scope.
     *
     * @param adapter the name of the adapter
     * @param scope the scope of the requests; null for that of all that name none
     */
    record Sharing(String adapter, @Nullable String scope) {}

    Conversations(int most, long bytesPerToken) {
        this.most = most;
        this.bytesPerToken = bytesPerToken;
    }

    /** Takes the cache of a conversation, or returns null. */
    BatchGenerator.@Nullable PromptCache take(Key key) {
        return kept.remove(key);
    }

    /** Keeps the cache of a conversation, as the one that was used last. */
    void keep(Key key, BatchGenerator.PromptCache cache) {
        kept.remove(key);
        kept.put(key, cache);
        while (kept.size() > most) {
            evictOldest();
        }
    }

    /** Drops the caches of adapters that are no longer in the model, so that they do not keep their arrays. */
    void keepOnly(Predicate<String> isInModel) {
        kept.keySet().removeIf(key -> !isInModel.test(key.sharing().adapter()));
    }

    /** The tokens that the caches have room for. */
    long tokens() {
        long bytes = 0;
        for (BatchGenerator.PromptCache cache : kept.values()) {
            bytes += cache.bytes();
        }
        return bytes / bytesPerToken;
    }

    /** Drops those that were not used for the longest time, until the others keep a limit. */
    void evictTo(long tokens) {
        long now = tokens();
        Iterator<BatchGenerator.PromptCache> oldest = kept.values().iterator();
        while (now > tokens && oldest.hasNext()) {
            now -= oldest.next().bytes() / bytesPerToken;
            oldest.remove();
        }
    }

    private void evictOldest() {
        Iterator<Key> oldest = kept.keySet().iterator();
        oldest.next();
        oldest.remove();
    }
}
