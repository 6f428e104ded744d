package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.text.EncoderTokens;
import org.lora4j.text.Prompts;
import org.lora4j.text.TextPair;
import org.lora4j.text.TextTokens;

/**
 * The tokens of a column of texts, or of two. It stands between the classes that Spark sends and lora-text, which a cluster that
 * trains on other columns need not have. Thread-safe.
 */
public final class TextTokenizer {
    private final TextTokens tokens;

    private TextTokenizer(TextTokens tokens) {
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

    /** Opens the files of a model that decide about texts. */
    static TextTokenizer open(ModelSource folder, ModelConfig config, EncoderSettings settings) throws IOException {
        if (!config.isDecoder() || settings.head() == EncoderHead.EMBEDDING) {
            return new TextTokenizer(
                    TextTokens.of(withPrompt(EncoderTokens.open(folder, config, settings.maxTokens()), settings)));
        }
        return new TextTokenizer(
                settings.hasPairs()
                        ? TextTokens.ofReranker(folder, config, settings.maxTokens())
                        : TextTokens.ofDecoder(folder, config, settings.maxTokens()));
    }

    private static EncoderTokens withPrompt(EncoderTokens tokens, EncoderSettings settings) {
        EncoderTokens prompted = tokens;
        try {
            if (settings.prompt() != null) {
                prompted = tokens.withPrompts(new Prompts(Map.of("prompt", settings.prompt()), "prompt"));
            } else if (settings.promptName() != null) {
                requirePrompt(tokens.prompts(), settings.promptName());
                prompted = tokens.withPrompts(new Prompts(tokens.prompts().texts(), settings.promptName()));
            }
            // A prompt that leaves no room is no fault of a row.
            Objects.requireNonNull(prompted.encode(""));
            return prompted;
        } catch (IllegalArgumentException e) {
            tokens.close();
            throw e;
        }
    }

    private static void requirePrompt(Prompts prompts, String name) {
        if (!prompts.texts().containsKey(name)) {
            throw new IllegalArgumentException("promptName must be one of the prompts of the folder, "
                    + new TreeSet<>(prompts.texts().keySet()) + ", found '" + name
                    + "'; set another name, or set prompt to the words");
        }
    }

    /** Puts the head on a decoder that answers yes or no. */
    Network answer(PretrainedModel decoder) {
        return tokens.answer(decoder);
    }

    /** Returns the tokens of a text, with the special ones, and with the prompt if there is one. */
    public Sequences encode(String text) {
        return ofRow(() -> tokens.tokens(List.of(text)));
    }

    /** Returns the tokens of a pair of texts. */
    public Sequences encode(String text, String other) {
        return ofRow(() -> tokens.pairs(List.of(new TextPair(text, other))));
    }

    private static Sequences ofRow(Supplier<Sequences> tokens) {
        try {
            return tokens.get();
        } catch (IllegalArgumentException e) {
            throw new InvalidRowException("featuresCol: " + e.getMessage(), e);
        }
    }
}
