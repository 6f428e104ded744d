package org.lora4j.text.data;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A query with a text that belongs to it, and maybe one that does not, for the training of embeddings.
 *
 * @param query the query
 * @param positive the text that belongs to it
 * @param negative the text that does not; null in pairs
 */
public record RetrievalExample(
        String query, String positive, @Nullable String negative) {
    /**
     * Checks the query and the text that belongs to it.
     *
     * @param query the query
     * @param positive the text that belongs to it
     * @param negative the text that does not, or null
     */
    public RetrievalExample {
        Objects.requireNonNull(query, "query must not be null");
        Objects.requireNonNull(positive, "positive must not be null");
    }
}
