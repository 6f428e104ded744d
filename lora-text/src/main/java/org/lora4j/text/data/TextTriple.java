package org.lora4j.text.data;

import java.util.Objects;

/**
 * A query, a text that belongs to it, and one that does not, for the training of retrieval.
 *
 * @param query the query
 * @param positive the text that belongs to it
 * @param negative the text that does not
 */
public record TextTriple(String query, String positive, String negative) {
    /**
     * Checks that nothing is null.
     *
     * @param query the query
     * @param positive the text that belongs to it
     * @param negative the text that does not
     */
    public TextTriple {
        Objects.requireNonNull(query, "query must not be null");
        Objects.requireNonNull(positive, "positive must not be null");
        Objects.requireNonNull(negative, "negative must not be null");
    }
}
