package org.lora4j.text.tokens;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.internal.Json;
import org.lora4j.text.internal.LetterCase;
import org.lora4j.text.internal.TextCheck;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns texts into the tokens that a model takes, as the files of its folder say. Thread-safe.
 *
 * <table>
 * <caption>The files</caption>
 * <tr><th>file</th><th>what it decides</th></tr>
 * <tr><td>{@code tokenizer.json}</td><td>the tokens</td></tr>
 * <tr><td>{@code sentence_bert_config.json}</td><td>where texts are cut, and lower case</td></tr>
 * <tr><td>{@code tokenizer_config.json}</td><td>where texts are cut, if the file above does not say</td></tr>
 * <tr><td>{@code config_sentence_transformers.json}</td><td>{@link #prompts}; none without it</td></tr>
 * </table>
 *
 * <p>Texts are cut at most at the number of positions of the model, and there if no file says where. A line of the log names the
 * limit.
 */
public final class TextTokens implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TextTokens.class);

    private static final int MOST_OF_DECODER = 512;

    /** The name of the file with the prompts. */
    public static final String SENTENCES = "config_sentence_transformers.json";

    /** Cuts texts. */
    private final Tokenizer tokenizer;

    private final TextRules rules;
    private final int positions;
    private final Prompts prompts;

    /** How many tokens a prompt has, with the special ones before it. */
    private final Map<String, Integer> promptTokens = new ConcurrentHashMap<>();

    /** Whether the model tells the texts of a pair apart by the types of their tokens. */
    private final boolean hasTypes;

    private final boolean isOfDecoder;

    private TextTokens(
            Tokenizer tokenizer,
            TextRules rules,
            int positions,
            Prompts prompts,
            boolean hasTypes,
            boolean isOfDecoder) {
        this.isOfDecoder = isOfDecoder;
        this.tokenizer = tokenizer;
        this.rules = rules;
        this.positions = positions;
        this.prompts = prompts;
        this.hasTypes = hasTypes;
    }

    /**
     * Opens the files.
     *
     * @param source the files of the model
     * @param config the model
     * @param maxTokens the most tokens of a text, with the special ones, and at most the longest sequence of the model; empty for what the files say
     * @return the tokens
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a file is wrong, or the number of tokens is out of range
     */
    public static TextTokens open(ModelSource source, ModelConfig config, OptionalInt maxTokens) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(maxTokens, "maxTokens must not be null");
        TextRules rules = TextRules.read(source, config.maxLength(), maxTokens);
        Prompts prompts = Prompts.parse(Json.textIfExists(source, SENTENCES));
        List<String> settings = PretrainedModel.settingFiles(source);
        Tokenizer tokenizer = Tokenizer.load(source).limited(rules.maxTokens());
        log.info(
                "{}: texts are cut at {} tokens, as {} says; of the files that decide, there are {}",
                source.name(),
                rules.maxTokens(),
                rules.limitedBy(),
                settings);
        return new TextTokens(
                tokenizer, rules, config.maxLength(), prompts, config.tokenTypes() > 1, config.isDecoder());
    }

    /**
     * Reads the files of a model whose tokenizer was opened before.
     *
     * @param source the files of the model
     * @param config the model
     * @param tokenizer the tokenizer, which {@link #close} closes
     * @return the tokens
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a file is wrong
     */
    public static TextTokens of(ModelSource source, ModelConfig config, Tokenizer tokenizer) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(tokenizer, "tokenizer must not be null");
        TextRules rules = TextRules.read(source, config.maxLength());
        Prompts prompts = Prompts.parse(Json.textIfExists(source, SENTENCES));
        return new TextTokens(
                tokenizer.withMaxTokens(rules.maxTokens()),
                rules,
                config.maxLength(),
                prompts,
                config.tokenTypes() > 1,
                config.isDecoder());
    }

    /**
     * Returns the same tokens with texts cut at another place. Both share the tokenizer.
     *
     * @param maxTokens the most tokens of a text, with the special ones
     * @return the tokens with it
     * @throws IllegalArgumentException if it is not more than the special tokens, or more than the positions of the model
     */
    public TextTokens withMaxTokens(int maxTokens) {
        TextRules.requireWithin(positions, maxTokens);
        return new TextTokens(
                tokenizer.withMaxTokens(maxTokens),
                new TextRules(maxTokens, "the program", rules.lowerCase()),
                positions,
                prompts,
                hasTypes,
                isOfDecoder);
    }

    /**
     * Returns the longest sequence that the model computes.
     *
     * @return its positions
     */
    public int positions() {
        return positions;
    }

    /**
     * Returns where texts are cut if nobody says it: where the files of an encoder say. No file of a decoder says it, so its texts have at
     * most 512 tokens, as many as most classifiers are trained with.
     *
     * @return the most tokens of a text
     */
    public int defaultLimit() {
        return isOfDecoder ? Math.min(positions, MOST_OF_DECODER) : rules.maxTokens();
    }

    /**
     * Returns whether the model is a decoder, in which a token sees those before it alone.
     *
     * @return false for an encoder
     */
    public boolean isOfDecoder() {
        return isOfDecoder;
    }

    /**
     * Returns the same tokens with other prompts, for a folder that does not name them. Both share the tokenizer.
     *
     * @param other the prompts, for example {@link Prompts#e5}
     * @return the tokens with them
     */
    public TextTokens withPrompts(Prompts other) {
        Objects.requireNonNull(other, "other must not be null");
        return new TextTokens(tokenizer, rules, positions, other, hasTypes, isOfDecoder);
    }

    /**
     * Returns the tokenizer, which cuts texts.
     *
     * @return the tokenizer, which {@link #close} closes
     */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Returns where texts are cut, and who says so.
     *
     * @return what the program or the files say
     */
    public TextRules rules() {
        return rules;
    }

    /**
     * Returns the prompts.
     *
     * @return those of the folder, or of {@link #withPrompts}
     */
    public Prompts prompts() {
        return prompts;
    }

    /**
     * Returns the tokens of a text, with the default prompt if there is one.
     *
     * @param text the text
     * @return its tokens; the special ones alone for a text without tokens
     * @throws IllegalStateException if this was closed
     */
    public TokenizedText encode(String text) {
        Objects.requireNonNull(text, "text must not be null");
        int unused = promptTokens(prompts.prompt());
        return tokenizer.encode(cased(prompts.apply(text)));
    }

    /**
     * Returns the tokens of texts, with the default prompt if there is one. As in all methods with prompts, the sequences say how many
     * of their tokens are the prompt, for a pooling that leaves these out.
     *
     * @param texts the texts, at least one
     * @return a sequence for each text
     * @throws IllegalArgumentException if there is no text, or one has no tokens
     * @throws NullPointerException if a text is null; the message names it
     * @throws IllegalStateException if this was closed
     */
    public Sequences tokens(List<String> texts) {
        return withPrompt(texts, prompts.prompt());
    }

    /**
     * Returns the tokens of texts, with a prompt.
     *
     * @param texts the texts, at least one
     * @param prompt the name of the prompt, one of {@link #prompts}
     * @return a sequence for each text
     * @throws IllegalArgumentException as {@link #tokens(List)}, or if there is no prompt of that name
     */
    public Sequences tokens(List<String> texts, String prompt) {
        return withPrompt(texts, prompts.prompt(Objects.requireNonNull(prompt, "prompt must not be null")));
    }

    /**
     * Returns the tokens of queries, with the prompt of queries if there is one.
     *
     * @param texts the queries, at least one
     * @return a sequence for each
     * @throws IllegalArgumentException as {@link #tokens}
     */
    public Sequences queries(List<String> texts) {
        return withPrompt(texts, prompts.queryPrompt());
    }

    /**
     * Returns the tokens of documents, with the prompt of documents if there is one.
     *
     * @param texts the documents, at least one
     * @return a sequence for each
     * @throws IllegalArgumentException as {@link #tokens}
     */
    public Sequences documents(List<String> texts) {
        return withPrompt(texts, prompts.documentPrompt());
    }

    /**
     * Returns the tokens of pairs of texts, for models that compare two, without prompts. The special tokens and the types of
     * the tokens are those that {@code tokenizer.json} gives a pair; a model without types gets none. If both are too long together, tokens are cut from the
     * longer one first.
     *
     * @param pairs the pairs, at least one
     * @return a sequence for each pair
     * @throws IllegalArgumentException if there is no pair, or one has no tokens
     * @throws NullPointerException if a pair is null; the message names it
     * @throws IllegalStateException if this was closed
     */
    public Sequences pairs(List<TextPair> pairs) {
        TextCheck.requireAll("pairs", pairs);
        return tokenizer.pairSequences(
                pairs.stream()
                        .map(pair -> new TextPair(cased(pair.first()), cased(pair.second())))
                        .toList(),
                hasTypes);
    }

    /**
     * Returns the tokens of a whole text without a prompt, with the special ones, and where each one lies in the text as it was given.
     *
     * @param text the text
     * @return its tokens; nothing is cut
     * @throws IllegalArgumentException as {@link Tokenizer#offsets}
     * @throws IllegalStateException if this was closed
     */
    public TokenOffsets offsets(String text) {
        Objects.requireNonNull(text, "text must not be null");
        return rules.lowerCase()
                ? tokenizer.offsets(LetterCase.lower(text), TokenOffsets.placesInLower(text))
                : tokenizer.offsets(text);
    }

    private Sequences withPrompt(List<String> texts, String prompt) {
        TextCheck.requireAll("texts", texts);
        int promptTokens = promptTokens(prompt);
        Sequences sequences = tokenizer.sequences(
                texts.stream().map(text -> cased(prompt + text)).toList());
        return promptTokens == 0 ? sequences : sequences.withPrompt(promptTokens);
    }

    /**
     * Returns how many tokens of a sequence are the prompt, as sentence-transformers counts them: those of the prompt alone, without
     * a special one at the end.
     *
     * @throws IllegalArgumentException if no room is left for a text
     */
    private int promptTokens(String prompt) {
        return prompt.isEmpty() ? 0 : promptTokens.computeIfAbsent(prompt, this::countTokens);
    }

    private int countTokens(String prompt) {
        int[] whole = tokenizer.encode(cased(prompt)).ids();
        if (whole.length >= tokenizer.maxTokens()) {
            throw new IllegalArgumentException("the prompt " + MessageText.quote(prompt)
                    + " must leave room for a text, which is cut at " + tokenizer.maxTokens()
                    + " tokens, found at least so many in the prompt alone; choose a higher limit or a shorter prompt");
        }
        int[] plain = tokenizer.ids(cased(prompt), false);
        boolean endsWithPrompt =
                whole.length > 0 && plain.length > 0 && whole[whole.length - 1] == plain[plain.length - 1];
        return endsWithPrompt ? whole.length : whole.length - 1;
    }

    private String cased(String text) {
        return rules.lowerCase() ? LetterCase.lower(text) : text;
    }

    /** Frees the native tokenizer, after the calls that use it now. A second call has no effect. */
    @Override
    public void close() {
        tokenizer.close();
    }
}
