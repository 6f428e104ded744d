package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Task;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.text.tokens.RerankPrompt;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.tokens.Tokenizer;

/**
 * The tokens of a column of texts, or of two. It stands between the classes that Spark sends and lora-text, which a cluster that
 * trains on other columns need not have. Thread-safe.
 */
public final class TextTokenizer {
    private final TextTokens tokens;

    /** What a decoder is asked about a pair; null if it is not asked. */
    private final @Nullable RerankPrompt prompt;

    private final EncoderSettings settings;
    private final boolean isDecoder;

    private TextTokenizer(
            TextTokens tokens, @Nullable RerankPrompt prompt, EncoderSettings settings, boolean isDecoder) {
        this.isDecoder = isDecoder;
        this.tokens = tokens;
        this.prompt = prompt;
        this.settings = settings;
    }

    /**
     * Checks that the library of the tokenizers is there.
     *
     * @throws IllegalStateException if it is not
     */
    public static void requireLibrary(ClassLoader classes) {
        try {
            Class.forName("org.lora4j.text.tokens.Tokenizer", false, classes);
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
                    withPrompt(TextTokens.open(folder, config, settings.maxTokens()), settings),
                    null,
                    settings,
                    config.isDecoder());
        }
        TextTokens tokens = TextTokens.of(folder, config, Tokenizer.load(folder));
        try {
            if (settings.hasPairs()) {
                return new TextTokenizer(
                        tokens,
                        RerankPrompt.of(tokens.tokenizer(), tokens.positions(), settings.maxTokens()),
                        settings,
                        true);
            }
            Classify texts = new Classify(Labels.numbered(1), Head.LAST, settings.maxTokens());
            return new TextTokenizer(tokens.withMaxTokens(texts.limit(tokens)), null, settings, config.isDecoder());
        } catch (IllegalArgumentException e) {
            tokens.close();
            throw e;
        }
    }

    /**
     * Checks that an adapter answers as its files say. What a parameter of the stage says holds in place of the files.
     *
     * @throws IOException if the files say something else where no parameter does
     */
    void requireTask(ModelSource adapter) throws IOException {
        Task task = Task.read(adapter).orElse(null);
        if (task == null) {
            return;
        }
        Head head = head();
        if (task.head() != head) {
            throw differs(
                    adapter, "a model with the head " + head.text(), task.head().text(), "encoderHead");
        }
        int limit = prompt == null ? tokens.tokenizer().maxTokens() : prompt.maxTokens();
        if (settings.maxTokens().isEmpty() && task.maxTokens().orElse(limit) != limit) {
            throw differs(
                    adapter,
                    limit + " tokens of a text",
                    String.valueOf(task.maxTokens().getAsInt()),
                    "maxTokens");
        }
        if (task instanceof Embed embed) {
            requireEmbedding(adapter, embed);
        }
    }

    private void requireEmbedding(ModelSource adapter, Embed embed) throws IOException {
        if (settings.dimensions() == 0 && embed.dimensions().isPresent()) {
            throw differs(
                    adapter,
                    "whole embeddings",
                    String.valueOf(embed.dimensions().getAsInt()),
                    "dimensions");
        }
        String before = tokens.prompts().apply("");
        String trained = tokens.prompts().with(embed.prompts()).apply("");
        if (!settings.hasPrompt() && !before.equals(trained)) {
            throw differs(adapter, "texts with the prompt '" + before + "'", "'" + trained + "'", "prompt");
        }
    }

    private static IOException differs(ModelSource adapter, String expected, String found, String parameter) {
        return new IOException(adapter + ": the adapter must be one for " + expected + ", found " + found + "; set "
                + parameter + " to it, or use the adapter in a stage of its own");
    }

    private Head head() {
        return switch (settings.head()) {
            case EMBEDDING -> Head.EMBEDDING;
            case MEAN_CLASSIFIER -> Head.MEAN;
            case CLASSIFIER -> isDecoder ? Head.LAST : Head.POOLER;
            case YES_NO -> Head.YES_NO;
        };
    }

    private static TextTokens withPrompt(TextTokens tokens, EncoderSettings settings) {
        TextTokens prompted = tokens;
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
        return Objects.requireNonNull(prompt, "prompt").answer(decoder);
    }

    /** Returns the tokens of a text, with the special ones, and with the prompt if there is one. */
    public Sequences encode(String text) {
        return ofRow(() -> tokens.tokens(List.of(text)));
    }

    /** Returns the tokens of a pair of texts. */
    public Sequences encode(String text, String other) {
        List<TextPair> pairs = List.of(new TextPair(text, other));
        return ofRow(() -> prompt == null ? tokens.pairs(pairs) : prompt.tokens(pairs));
    }

    private static Sequences ofRow(Supplier<Sequences> tokens) {
        try {
            return tokens.get();
        } catch (IllegalArgumentException e) {
            throw new InvalidRowException("featuresCol: " + e.getMessage(), e);
        }
    }
}
