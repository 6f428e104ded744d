package org.lora4j.text.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.text.internal.Json;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the files of an encoder say about texts. They are cut where the first of these says: the program,
 * {@code sentence_bert_config.json}, {@code tokenizer_config.json}; but at most at the positions of the model.
 *
 * @param maxTokens where texts are cut
 * @param limitedBy who says so: the name of a file, or words
 * @param lowerCase whether texts are converted to lower case before
 */
public record TextRules(int maxTokens, String limitedBy, boolean lowerCase) {
    private static final Logger log = LoggerFactory.getLogger(TextRules.class);

    /** The name of the file that says where texts are cut. */
    public static final String SENTENCES = "sentence_bert_config.json";

    /** The field that says it. */
    public static final String MOST_TOKENS = "max_seq_length";

    static final String TOKENIZER = "tokenizer_config.json";

    /**
     * Reads the files of a model.
     *
     * @param source the files
     * @param positions the longest sequence that the model takes
     * @return what they say
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a file is wrong
     */
    public static TextRules read(ModelSource source, int positions) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        return read(source, positions, OptionalInt.empty());
    }

    /**
     * Reads the files.
     *
     * @param positions the longest sequence that the model takes
     * @param asked where the program cuts
     * @throws IllegalArgumentException if a file is wrong, or the program asks for more than the positions
     */
    static TextRules read(ModelSource source, int positions, OptionalInt asked) throws IOException {
        JsonNode sentences = Json.readIfExists(source, SENTENCES);
        JsonNode tokenizer = Json.readIfExists(source, TOKENIZER);
        warnOfTheOtherEnd(source, tokenizer);
        boolean lowerCase = sentences != null && sentences.path("do_lower_case").asBoolean(false);
        if (asked.isPresent()) {
            requireWithin(positions, asked.getAsInt());
            return new TextRules(asked.getAsInt(), "the program", lowerCase);
        }
        double most = length(SENTENCES, sentences, MOST_TOKENS);
        String who = SENTENCES;
        if (most == 0) {
            most = length(TOKENIZER, tokenizer, "model_max_length");
            who = TOKENIZER;
        }
        // A tokenizer without a limit has a model_max_length of 10³⁰.
        return most == 0 || most > positions
                ? new TextRules(positions, "the number of positions of the model", lowerCase)
                : new TextRules((int) most, who, lowerCase);
    }

    /** The program does not choose the end at which texts are cut, so what it gets differs from Python's result. */
    private static void warnOfTheOtherEnd(ModelSource source, @Nullable JsonNode tokenizer) {
        if (tokenizer != null && tokenizer.path("truncation_side").asText().equals("left")) {
            log.warn(
                    "{}: truncation_side is left, but long texts lose their end here and not their beginning",
                    source.describe(TOKENIZER));
        }
    }

    /** Returns the length in a file; 0 if the file does not say. */
    private static double length(String file, @Nullable JsonNode json, String field) {
        if (json == null || json.path(field).isMissingNode() || json.path(field).isNull()) {
            return 0;
        }
        JsonNode length = json.path(field);
        if (!length.isNumber() || length.asDouble() < 1 || length.asDouble() != Math.rint(length.asDouble())) {
            throw new IllegalArgumentException(
                    file + ": " + field + " must be a whole number above 0, found " + Json.describe(length));
        }
        return length.asDouble();
    }

    static void requireWithin(int positions, int maxTokens) {
        if (maxTokens < 1 || maxTokens > positions) {
            throw new IllegalArgumentException(
                    "maxTokens must be between 1 and the " + positions + " positions of the model, found " + maxTokens);
        }
    }
}
