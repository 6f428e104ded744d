package org.lora4j.text.data;

import java.util.Objects;
import org.lora4j.text.tokens.TextPair;

/**
 * A query and a text, and whether they belong together, for the training of rerankers.
 *
 * @param pair the query and the text
 * @param right whether the text belongs to the query
 */
public record LabelledPair(TextPair pair, boolean right) {
    /**
     * Checks that nothing is null.
     *
     * @param pair the query and the text
     * @param right whether the text belongs to the query
     */
    public LabelledPair {
        Objects.requireNonNull(pair, "pair must not be null");
    }
}
