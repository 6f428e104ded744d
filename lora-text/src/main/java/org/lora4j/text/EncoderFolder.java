package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.serve.FairLimiter;
import org.lora4j.text.data.Labels;
import org.lora4j.text.internal.Json;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Similarity;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.TextRules;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.text.tokens.internal.TextLimits;

/**
 * A folder of Hugging Face's hub with an encoder of the BERT family, or with a decoder that embeds texts, opened whole:
 * configuration, weights and tokenizer, and what sentence-transformers stores beside them.
 *
 * <table>
 * <caption>The files</caption>
 * <tr><th>file</th><th>what it decides</th></tr>
 * <tr><td>{@code config.json}, {@code model.safetensors}</td><td>{@link #model}, {@link #labels}</td></tr>
 * <tr><td>{@code modules.json}, and the folders that it names</td><td>{@link #sentenceEmbeddings}; the mean without them</td></tr>
 * <tr><td>{@code config_sentence_transformers.json}</td><td>{@link #similarity}, and prompts</td></tr>
 * <tr><td>the files of {@link TextTokens}</td><td>the tokens of texts, where they are cut, and prompts</td></tr>
 * </table>
 */
public final class EncoderFolder extends TextModel {
    private final Labels labels;
    private final Similarity similarity;
    private final TextTokens tokens;

    private EncoderFolder(
            ModelSource source,
            PretrainedModel model,
            Labels labels,
            Similarity similarity,
            TextTokens tokens,
            FairLimiter textLimiter) {
        super(source, model, textLimiter);
        this.labels = labels;
        this.similarity = similarity;
        this.tokens = tokens;
    }

    /**
     * Opens a folder. Texts are cut where {@code sentence_bert_config.json} says, or else {@code tokenizer_config.json}, or
     * else at the number of positions of the model, which is always the most.
     *
     * @param folder a folder with {@code config.json}, {@code model.safetensors} and {@code tokenizer.json}
     * @return the encoder
     * @throws IOException if a file is missing, cannot be read or is damaged
     * @throws IllegalArgumentException if a file says what this library does not compute; the message names the file
     */
    public static EncoderFolder open(Path folder) throws IOException {
        return open(folder, BaseStorage.of(Precision.FLOAT));
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
        return open(folder, maxTokens, BaseStorage.of(Precision.FLOAT));
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
        return open(ModelSource.of(folder), OptionalInt.empty(), storage);
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
        return open(ModelSource.of(folder), OptionalInt.of(maxTokens), storage);
    }

    /**
     * Opens a model from another source than a folder.
     *
     * @param source the files of the model
     * @param maxTokens as in {@link #open(Path, int)}; empty for what the files say
     * @param storage how the large matrices are stored
     * @return the encoder
     * @throws IOException as in {@link #open(Path)}
     * @throws IllegalArgumentException as in {@link #open(Path, int)}
     */
    public static EncoderFolder open(ModelSource source, OptionalInt maxTokens, BaseStorage storage)
            throws IOException {
        Object unused = configOf(source);
        requireHead(source, Head.EMBEDDING);
        PretrainedModel model = PretrainedModel.load(source, storage);
        Labels labels = Labels.read(source);
        Similarity similarity = Similarity.parse(Json.textIfExists(source, TextTokens.SENTENCES));
        TextTokens tokens = TextTokens.open(source, model.config(), maxTokens);
        return new EncoderFolder(source, model, labels, similarity, tokens, TextLimits.forEncoder());
    }

    /**
     * Returns whether a folder is that of a model for embeddings: an encoder without a classifier, or a decoder with
     * {@code modules.json}, such as Qwen3-Embedding.
     *
     * @param source the files of the model
     * @return true if {@link #sentenceEmbeddings} is what the model is for
     * @throws IOException if the configuration cannot be read
     * @throws IllegalArgumentException if the configuration is wrong
     */
    public static boolean embeds(ModelSource source) throws IOException {
        ModelConfig config = ModelConfig.read(source);
        return config.isDecoder() ? source.has("modules.json") : !config.isClassifier() && !config.isTokenClassifier();
    }

    /**
     * Returns the same encoder with other prompts, for a folder that does not name them. Both share the model and the
     * tokenizer.
     *
     * @param other the prompts, for example {@link Prompts#e5}
     * @return the encoder with them
     */
    public EncoderFolder withPrompts(Prompts other) {
        return new EncoderFolder(source(), model(), labels, similarity, tokens.withPrompts(other), textLimiter());
    }

    /**
     * Returns the network for sentence embeddings, with the modules that the folder says: see
     * {@link PretrainedModel#sentenceEmbeddings}.
     *
     * @return a network with the output {@code [n, dim]}; of norm 1 if {@code Normalize} is the last module, or the folder
     *     does not say
     * @throws IllegalArgumentException if the folder asks for modules that this library does not compute
     */
    public Network sentenceEmbeddings() {
        return model().sentenceEmbeddings();
    }

    /**
     * Returns the network for sentence embeddings with fewer numbers, for models that were trained for it: see
     * {@link PretrainedModel#sentenceEmbeddings(int)}.
     *
     * @param dimensions the length of an embedding; empty for the whole one
     * @return a network with the output {@code [n, dimensions]}
     * @throws IllegalArgumentException as {@link #sentenceEmbeddings()}, or if the embeddings are shorter than that
     */
    public Network sentenceEmbeddings(OptionalInt dimensions) {
        Objects.requireNonNull(dimensions, "dimensions must not be null");
        return dimensions.isPresent() ? model().sentenceEmbeddings(dimensions.getAsInt()) : sentenceEmbeddings();
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

    @Override
    public Tokenizer tokenizer() {
        return tokens.tokenizer();
    }

    @Override
    public TextTokens textTokens() {
        return tokens;
    }

    /**
     * Returns the prompts.
     *
     * @return those of the folder, or of {@link #withPrompts}
     */
    public Prompts prompts() {
        return tokens.prompts();
    }

    /**
     * Returns how sentence embeddings are compared.
     *
     * @return what {@code config_sentence_transformers.json} says, or the cosine
     */
    public Similarity similarity() {
        return similarity;
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
        return tokens.tokens(texts);
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
        return tokens.tokens(texts, prompt);
    }

    /**
     * Returns the tokens of queries, with the prompt of queries if there is one.
     *
     * @param texts the queries, at least one
     * @return a sequence for each
     * @throws IllegalArgumentException as {@link #tokens}
     */
    public Sequences queries(List<String> texts) {
        return tokens.queries(texts);
    }

    /**
     * Returns the tokens of documents, with the prompt of documents if there is one.
     *
     * @param texts the documents, at least one
     * @return a sequence for each
     * @throws IllegalArgumentException as {@link #tokens}
     */
    public Sequences documents(List<String> texts) {
        return tokens.documents(texts);
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
        return tokens.pairs(pairs);
    }

    /**
     * Returns where texts are cut, and who says so.
     *
     * @return what the program or the files say
     */
    public TextRules rules() {
        return tokens.rules();
    }

    @Override
    public void close() {
        tokens.close();
    }

    @Override
    public String toString() {
        return "EncoderFolder[" + name() + "]";
    }
}
