package org.lora4j.text;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * What {@code sentence_bert_config.json} says about the texts of an encoder.
 *
 * @param maxTokens where texts are cut; 0 if the file does not say
 * @param lowerCase whether texts are converted to lower case before
 */
record SentenceLimits(int maxTokens, boolean lowerCase) {
    static final String FILE = "sentence_bert_config.json";

    static SentenceLimits parse(@Nullable String json) {
        if (json == null) {
            return new SentenceLimits(0, false);
        }
        JsonNode root = Json.object(FILE, json);
        JsonNode length = root.path("max_seq_length");
        if (!length.isMissingNode() && !length.isNull() && !(length.isInt() && length.intValue() > 0)) {
            throw new IllegalArgumentException(
                    FILE + ": max_seq_length must be a whole number above 0, found " + Json.describe(length));
        }
        return new SentenceLimits(length.asInt(0), root.path("do_lower_case").asBoolean(false));
    }

    /** Where texts are cut: what is asked for, or what the file says and the model allows, or 0 for the tokenizer's own. */
    int cutAt(int asked, int positions) {
        return asked != 0 || maxTokens == 0 ? asked : Math.min(maxTokens, positions);
    }
}
