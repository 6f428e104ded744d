package org.lora4j.text;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Objects;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.serve.FairLimiter;

/** A model of Hugging Face's hub that was opened with its tokenizer: an encoder or a decoder. */
public abstract sealed class TextModel implements AutoCloseable permits EncoderFolder, DecoderFolder {
    private final ModelSource source;
    private final PretrainedModel model;
    private final FairLimiter textLimiter;

    TextModel(ModelSource source, PretrainedModel model, FairLimiter textLimiter) {
        this.source = source;
        this.model = model;
        this.textLimiter = textLimiter;
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

    /** Frees the native tokenizer, after the calls that use it now. The model stays usable. A second call has no effect. */
    @Override
    public abstract void close();
}
