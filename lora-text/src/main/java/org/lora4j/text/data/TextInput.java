package org.lora4j.text.data;

import org.jspecify.annotations.Nullable;

/** What a classifier reads of an example: a text, or a pair of texts. */
public interface TextInput {
    /**
     * Returns the text.
     *
     * @return the text, or the first one of a pair
     */
    String text();

    /**
     * Returns the second text of a pair, {@code text_pair} of {@code transformers}.
     *
     * @return the second text; null if there is one text
     */
    @Nullable
    String textPair();
}
