package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The form of the requests and answers of a path that generates text. */
interface TextForm {
    /** Which fields a request may have. */
    FieldRules rules();

    /**
     * A prompt.
     *
     * @param tokens its tokens
     * @param echo the text with which its answer begins; empty for none
     */
    @SuppressWarnings("ArrayRecordComponent") // It is never compared.
    record Prompt(int[] tokens, String echo) {}

    /**
     * Returns the prompts.
     *
     * @throws ApiException if the request has none, or another one than the model takes
     */
    List<Prompt> prompts(JsonBody body);

    /** The most new tokens of a request that does not say. */
    int defaultTokens();

    /** With what the id of an answer begins. */
    String idPrefix();

    /** The type of an answer, or of a part of it. */
    String type(boolean isPart);

    /** Sets the text of a whole answer. */
    void whole(ObjectNode choice, String text);

    /** Sets the text of a part; null for the last part, which has none. The first one is empty. */
    void part(ObjectNode choice, @Nullable String text, boolean isFirst);
}
