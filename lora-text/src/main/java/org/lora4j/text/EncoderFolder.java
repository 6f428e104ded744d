package org.lora4j.text;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.UnaryOperator;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.transformer.BertModel;
import org.lora4j.serve.FairLimiter;

/**
 * A folder of Hugging Face's hub with an encoder of the BERT family, opened whole: configuration, weights and tokenizer, and
 * what sentence-transformers stores beside them.
 *
 * <table>
 * <caption>The files</caption>
 * <tr><th>file</th><th>what it decides</th></tr>
 * <tr><td>{@code config.json}, {@code model.safetensors}</td><td>{@link #model}, {@link #labels}</td></tr>
 * <tr><td>{@code tokenizer.json}</td><td>{@link #tokenizer}</td></tr>
 * <tr><td>{@code modules.json}, {@code 1_Pooling/config.json}</td><td>{@link #sentenceEmbeddings}; the mean without them</td></tr>
 * <tr><td>{@code sentence_bert_config.json}</td><td>where texts are cut, and lower case</td></tr>
 * <tr><td>{@code config_sentence_transformers.json}</td><td>{@link #prompts}; none without it</td></tr>
 * </table>
 */
public final class EncoderFolder implements AutoCloseable {
    private static final String CONFIG = "config.json";
    private static final String TOKENIZER = "tokenizer.json";
    private static final String PROMPTS = "config_sentence_transformers.json";

    private final Path folder;
    private final BertModel model;
    private final Labels labels;
    private final SentenceLimits limits;
    private final Tokenizer tokenizer;
    private final Prompts prompts;
    private final FairLimiter textLimiter;

    private EncoderFolder(
            Path folder,
            BertModel model,
            Labels labels,
            SentenceLimits limits,
            Tokenizer tokenizer,
            Prompts prompts,
            FairLimiter textLimiter) {
        this.folder = folder;
        this.model = model;
        this.labels = labels;
        this.limits = limits;
        this.tokenizer = tokenizer;
        this.prompts = prompts;
        this.textLimiter = textLimiter;
    }

    /**
     * Opens a folder. Texts are cut where {@code sentence_bert_config.json} says, or else {@code tokenizer.json}, or at 512
     * tokens if neither does, and at most at the number of positions of the model.
     *
     * @param folder a folder with {@code config.json}, {@code model.safetensors} and {@code tokenizer.json}
     * @return the encoder
     * @throws IOException if a file is missing, cannot be read or is damaged
     * @throws IllegalArgumentException if a file says what this library does not compute; the message names the file
     */
    public static EncoderFolder open(Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        return read(folder, BaseStorage.of(Precision.FLOAT), OptionalInt.empty());
    }

    /**
     * Opens a folder with another limit for texts.
     *
     * @param folder as in {@link #open(Path)}
     * @param maxTokens the most tokens of a text, with the special ones; at most the number of positions of the model
     * @return the encoder
     * @throws IOException as in {@link #open(Path)}
     * @throws IllegalArgumentException as in {@link #open(Path)}, or if the number is out of range
     */
    public static EncoderFolder open(Path folder, int maxTokens) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        return read(folder, BaseStorage.of(Precision.FLOAT), OptionalInt.of(maxTokens));
    }

    /**
     * Opens a folder, and stores the large matrices of the model in fewer bits.
     *
     * @param folder as in {@link #open(Path)}
     * @param storage how they are stored
     * @return the encoder
     * @throws IOException as in {@link #open(Path)}
     * @throws IllegalArgumentException as in {@link #open(Path)}
     */
    public static EncoderFolder open(Path folder, BaseStorage storage) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(storage, "storage must not be null");
        return read(folder, storage, OptionalInt.empty());
    }

    /**
     * Opens a folder with another limit for texts, and stores the large matrices of the model in a precision.
     *
     * @param folder as in {@link #open(Path)}
     * @param maxTokens as in {@link #open(Path, int)}
     * @param storage how they are stored
     * @return the encoder
     * @throws IOException as in {@link #open(Path)}
     * @throws IllegalArgumentException as in {@link #open(Path, int)}
     */
    public static EncoderFolder open(Path folder, int maxTokens, BaseStorage storage) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        Objects.requireNonNull(storage, "storage must not be null");
        return read(folder, storage, OptionalInt.of(maxTokens));
    }

    private static EncoderFolder read(Path folder, BaseStorage storage, OptionalInt maxTokens) throws IOException {
        for (String file : List.of(CONFIG, TOKENIZER)) {
            if (!Files.exists(folder.resolve(file))) {
                throw new FileNotFoundException(folder.toAbsolutePath()
                        + ": the folder of a model must have config.json, model.safetensors and tokenizer.json, found no "
                        + file);
            }
        }
        BertModel model = BertModel.load(folder, storage);
        int positions = positions(model.lastHiddenState());
        maxTokens.ifPresent(most -> Tokenizer.requireWithin(positions, most));
        Labels labels = Labels.parse(Objects.requireNonNull(Json.readIfExists(folder.resolve(CONFIG))));
        SentenceLimits limits = SentenceLimits.parse(Json.readIfExists(folder.resolve(SentenceLimits.FILE)));
        Prompts prompts = Prompts.parse(Json.readIfExists(folder.resolve(PROMPTS)));
        Tokenizer tokenizer =
                Tokenizer.load(folder.resolve(TOKENIZER), positions, limits.cutAt(maxTokens.orElse(0), positions));
        return new EncoderFolder(folder, model, labels, limits, tokenizer, prompts, TextLimits.newLimiter());
    }

    /** The longest sequence that the encoder takes. */
    private static int positions(Network network) {
        return ((TokenEmbeddings) network.layers().get(0)).maxLength();
    }

    /**
     * Returns the same encoder with other prompts, for a folder that does not name them. Both share the model and the
     * tokenizer.
     *
     * @param other the prompts, for example {@link Prompts#e5}
     * @return the encoder with them
     */
    public EncoderFolder withPrompts(Prompts other) {
        Objects.requireNonNull(other, "other must not be null");
        return new EncoderFolder(folder, model, labels, limits, tokenizer, other, textLimiter);
    }

    /**
     * Returns the name of the model.
     *
     * @return the name of the folder
     */
    public String name() {
        return String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    }

    /**
     * Returns the model, to put a classifier or another end on it.
     *
     * @return configuration and weights
     */
    public BertModel model() {
        return model;
    }

    /**
     * Returns the network for sentence embeddings, with the pooling that the folder says: see
     * {@link BertModel#sentenceEmbeddings}.
     *
     * @return a network with the output {@code [n, dim]}, of norm 1
     * @throws IllegalArgumentException if the folder asks for a pooling that this library does not compute
     */
    public Network sentenceEmbeddings() {
        return model.sentenceEmbeddings();
    }

    /**
     * Checks that a network returns embeddings of whole texts. A classifier has numbers for each text too, but they are no embedding.
     *
     * @param network a network for sentences
     * @return the same network
     * @throws IllegalArgumentException if it is a classifier, or returns something for each token
     */
    public static Network requireEmbeddings(Network network) {
        Objects.requireNonNull(network, "network must not be null");
        boolean isOfTexts = network.layers().stream().anyMatch(Pooling.class::isInstance);
        String task = network.taskType().orElse("");
        if (!isOfTexts || !task.equals("FEATURE_EXTRACTION")) {
            String found = task.equals("SEQ_CLS")
                    ? "a classifier with " + network.outputSize() + " outputs"
                    : "one with another output, such as that of each token";
            throw new IllegalArgumentException("the model must return an embedding of each text, found " + found);
        }
        return network;
    }

    /**
     * Returns the tokenizer.
     *
     * @return the tokenizer, which {@link #close} closes
     */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Returns what bounds how much text is turned into tokens at the same time, in characters and threads. Services use it for the
     * texts of their clients.
     *
     * @return the limiter that all services of this folder share
     */
    public FairLimiter textLimiter() {
        return textLimiter;
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
     * Returns the labels of the classifier as words.
     *
     * @return the labels; none if the configuration has none
     */
    public Labels labels() {
        return labels;
    }

    /**
     * Returns the tokens of texts, with the default prompt if there is one.
     *
     * @param texts the texts, at least one
     * @return a sequence for each text
     * @throws IllegalArgumentException if there is no text, or one has no tokens
     * @throws NullPointerException if a text is null; the message names it
     * @throws IllegalStateException if this was closed
     */
    public Sequences tokens(List<String> texts) {
        return tokens(texts, prompts::apply);
    }

    /**
     * Returns the tokens of queries, with the prompt of queries if there is one.
     *
     * @param texts the queries, at least one
     * @return a sequence for each
     * @throws IllegalArgumentException as {@link #tokens}
     */
    public Sequences queries(List<String> texts) {
        return tokens(texts, prompts::query);
    }

    /**
     * Returns the tokens of documents, with the prompt of documents if there is one.
     *
     * @param texts the documents, at least one
     * @return a sequence for each
     * @throws IllegalArgumentException as {@link #tokens}
     */
    public Sequences documents(List<String> texts) {
        return tokens(texts, prompts::document);
    }

    /**
     * Returns the tokens of pairs of texts, for models that compare two, without prompts. The special tokens and the types of
     * the tokens are those that {@code tokenizer.json} gives a pair. If both are too long together, tokens are cut from the
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
        return tokenizer.pairSequences(pairs.stream()
                .map(pair -> new TextPair(cased(pair.first()), cased(pair.second())))
                .toList());
    }

    private Sequences tokens(List<String> texts, UnaryOperator<String> prompt) {
        TextCheck.requireAll("texts", texts);
        return tokenizer.sequences(texts.stream().map(prompt).map(this::cased).toList());
    }

    private String cased(String text) {
        return limits.lowerCase() ? text.toLowerCase(Locale.ROOT) : text;
    }

    /** Frees the native tokenizer, after the calls that use it now. The model stays usable. A second call has no effect. */
    @Override
    public void close() {
        tokenizer.close();
    }

    @Override
    public String toString() {
        return "EncoderFolder[" + name() + "]";
    }
}
