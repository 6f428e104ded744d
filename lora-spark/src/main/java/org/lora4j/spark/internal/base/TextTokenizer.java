package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.util.OptionalInt;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.EncoderTokens;
import org.lora4j.text.TokenizedText;

/**
 * The tokens of an encoder, for a column of texts. It stands between the classes that Spark sends and lora-text, which a
 * cluster that trains on other columns need not have. Thread-safe.
 */
public final class TextTokenizer {
    private final EncoderTokens tokens;

    private TextTokenizer(EncoderTokens tokens) {
        this.tokens = tokens;
    }

    /**
     * Checks that the library of the tokenizers is there.
     *
     * @throws IllegalStateException if it is not
     */
    public static void requireLibrary(ClassLoader classes) {
        try {
            Class.forName("org.lora4j.text.Tokenizer", false, classes);
            Class.forName("ai.djl.huggingface.tokenizers.HuggingFaceTokenizer", false, classes);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(
                    "a column of texts needs the libraries org.lora4j:lora-text and"
                            + " ai.djl.huggingface:tokenizers on the driver and on each executor, found none; add them to"
                            + " the jars, or give a column of tokens",
                    e);
        }
    }

    /**
     * Opens the files of an encoder that decide about texts.
     *
     * @param config the encoder
     * @param maxTokens where to cut texts; 0 for where the files say
     */
    static TextTokenizer open(ModelSource folder, ModelConfig config, int maxTokens) throws IOException {
        return new TextTokenizer(
                EncoderTokens.open(folder, config, maxTokens == 0 ? OptionalInt.empty() : OptionalInt.of(maxTokens)));
    }

    /** Returns the tokens of a text, with the special ones, and with the default prompt of the encoder if it has one. */
    public int[] encode(String text) {
        TokenizedText found = tokens.encode(text);
        if (found.size() == tokens.tokenizer().specialTokens()) {
            throw new InvalidRowException(
                    "featuresCol: each text must have at least one token, found a text without one;"
                            + " texts of spaces and control characters have none");
        }
        return found.ids();
    }
}
