package org.lora4j.text;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.serve.FairLimiter;
import org.lora4j.text.task.Generate;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.ModelTask;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.Task;
import org.lora4j.text.tokens.RerankPrompt;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.text.tokens.Tokenizer;

/** A model of Hugging Face's hub that was opened with its tokenizer: an encoder or a decoder. */
public abstract sealed class TextModel implements AutoCloseable permits EncoderFolder, DecoderFolder {
    private final ModelSource source;
    private final PretrainedModel model;
    private final FairLimiter textLimiter;
    private @Nullable Task task;

    TextModel(ModelSource source, PretrainedModel model, FairLimiter textLimiter) {
        this.source = source;
        this.model = model;
        this.textLimiter = textLimiter;
    }

    /**
     * Opens a model for whatever its files say it does.
     *
     * @param source the files of the model
     * @param storage how its large matrices are stored
     * @return an {@link EncoderFolder} for an encoder and for a decoder that embeds texts, or else a {@link DecoderFolder}
     * @throws IOException if a file is missing, cannot be read or is damaged
     * @throws IllegalArgumentException if a file says what this library does not compute; the message names the file
     */
    public static TextModel open(ModelSource source, BaseStorage storage) throws IOException {
        boolean isDecoder = configOf(source).isDecoder() && !EncoderFolder.embeds(source);
        return isDecoder
                ? DecoderFolder.open(source, storage)
                : EncoderFolder.open(source, OptionalInt.empty(), storage);
    }

    /**
     * Reads the configuration of a model, and checks that it has a tokenizer. That comes before the weights, which take long.
     *
     * @throws IOException if a file is missing or cannot be read
     */
    static ModelConfig configOf(ModelSource source) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        ModelConfig config = ModelConfig.read(source);
        if (!Tokenizer.isIn(source)) {
            throw new FileNotFoundException(source
                    + ": the folder of a model must have config.json, model.safetensors and tokenizer.json, found no "
                    + Tokenizer.FILE);
        }
        return config;
    }

    final ModelSource source() {
        return source;
    }

    /**
     * Returns the name of the model.
     *
     * @return the name of the folder
     */
    public final String name() {
        return source.name();
    }

    /**
     * Returns the model without what makes tokens of texts, to put a classifier or another end on it.
     *
     * @return configuration and weights, which stay usable when this is closed
     */
    public final PretrainedModel model() {
        return model;
    }

    /**
     * Returns what the model does without an adapter.
     *
     * @return as {@link ModelTask#of}, or what the classifier says if there are weights of one; its labels are those of {@code config.json} if
     *     there is one for each of its outputs
     * @throws IOException if a file cannot be read any more
     */
    public final synchronized Task task() throws IOException {
        if (task == null) {
            Task said = ModelTask.of(source);
            task = said instanceof Generate || !model.hasClassifier()
                    ? said
                    : ofClassifier(model.config().isDecoder() ? Head.LAST : Head.POOLER);
        }
        return task;
    }

    private Task ofClassifier(Head head) throws IOException {
        return ModelTask.ofClassifier(Outputs.read(source, model.classifier().outputSize()), head);
    }

    /**
     * Returns what all heads have in common, for one model with adapters of all of them.
     *
     * @return the language model if this is a decoder with one, which also generates; or else the last hidden state
     */
    final Network common() {
        return model.canGenerate() ? model.causal() : model.lastHiddenState();
    }

    /**
     * Returns the network for a head, which adapters can be made for.
     *
     * @param head what it ends with
     * @return the network; its classifier is that of the model if the model has one with this head, or else a new one of one output,
     *     in whose place each adapter puts its own
     * @throws IOException if a file cannot be read any more
     * @throws IllegalArgumentException if the model cannot have this head
     */
    public final Network network(Head head) throws IOException {
        requireHead(source, head);
        if (head == Head.YES_NO) {
            return RerankPrompt.of(tokenizer(), model.config().maxLength(), OptionalInt.empty())
                    .answer(model);
        }
        if (!hasOwn(head)) {
            return head.network(model, 1, 0);
        }
        return head == Head.TOKENS ? model.tokenClassifier() : model.classifier();
    }

    /**
     * Checks that a model can have a head, as far as its configuration says it, before its weights are read.
     *
     * @param source the files of the model
     * @param head what a network ends with
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if it cannot
     */
    public static void requireHead(ModelSource source, Head head) throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(head, "head must not be null");
        ModelConfig config = ModelConfig.read(source);
        head.requireFits(config);
        if (head == Head.EMBEDDING && config.isDecoder() && !EncoderFolder.embeds(source)) {
            throw new IllegalArgumentException(
                    source + ": an embedding needs an encoder of the BERT family, or a decoder with"
                            + " modules.json, found a decoder without");
        }
    }

    /**
     * Returns what a new classifier of texts reads if nothing else is asked for.
     *
     * @return the mean for a folder of sentence-transformers and for a BERT without a pooler, or else as {@link Head#ofPeft}
     * @throws IOException if a file cannot be read any more
     */
    public final Head classifierHead() throws IOException {
        return !model.config().isDecoder() && source.has("modules.json") ? Head.MEAN : Head.ofPeft(model);
    }

    /**
     * Returns the length of the whole embeddings of the model.
     *
     * @return how many numbers an embedding has
     * @throws IllegalArgumentException if the folder asks for modules that this library does not compute
     */
    public final int embeddingSize() {
        return Math.toIntExact(model.sentenceEmbeddings().outputSize());
    }

    /**
     * Returns whether a head needs no adapter.
     *
     * @param head what a network ends with
     * @return false if it has a classifier that the model has not
     * @throws IOException if a file cannot be read any more
     */
    public final boolean hasOwn(Head head) throws IOException {
        boolean isThere = head == Head.TOKENS ? model.hasTokenClassifier() : model.hasClassifier();
        return head.isTrained() && isThere && task().head() == head;
    }

    /**
     * Returns what bounds how much text is turned into tokens at the same time, in characters and threads. Services use it for the
     * texts of their clients.
     *
     * @return the limiter that all services of this folder share
     */
    public final FairLimiter textLimiter() {
        return textLimiter;
    }

    /**
     * Returns the tokenizer. That of an encoder cuts texts as its folder says; that of a decoder cuts nothing.
     *
     * @return the tokenizer, which {@link #close} closes
     */
    public abstract Tokenizer tokenizer();

    /**
     * Returns what makes the tokens of texts for embeddings, classifiers and scores.
     *
     * @return the tokens as the files say them, which {@link #close} closes
     */
    public abstract TextTokens textTokens();

    /** Frees the native tokenizer, after the calls that use it now. The model stays usable. A second call has no effect. */
    @Override
    public abstract void close();
}
