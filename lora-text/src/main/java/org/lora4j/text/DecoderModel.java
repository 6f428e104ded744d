package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.Gpt2Model;
import org.lora4j.nn.transformer.LlamaModel;
import org.nd4j.linalg.api.buffer.DataType;

/** A decoder of the Llama family or a GPT-2, without what makes tokens of texts: {@link DecoderFolder} has that too. */
public final class DecoderModel {
    private static final String WHAT = "generation";

    private final @Nullable LlamaModel llama;
    private final @Nullable Gpt2Model gpt2;
    private @Nullable Network network;

    private DecoderModel(@Nullable LlamaModel llama, @Nullable Gpt2Model gpt2) {
        this.llama = llama;
        this.gpt2 = gpt2;
    }

    /**
     * Loads a model, and stores its large matrices in fewer bits.
     *
     * @param folder a folder with {@code config.json} and the weights
     * @param storage how they are stored
     * @return the model
     * @throws IOException if a file is missing or cannot be read, or the model is no decoder
     * @throws IllegalArgumentException if a file says what this library does not compute; the message names the file
     */
    public static DecoderModel load(Path folder, BaseStorage storage) throws IOException {
        Objects.requireNonNull(storage, "storage must not be null");
        return ModelKind.require(folder, true, WHAT) == ModelKind.GPT2
                ? new DecoderModel(null, Gpt2Model.load(folder, storage))
                : new DecoderModel(LlamaModel.load(folder, storage), null);
    }

    /**
     * Loads a model, with the weights in a type.
     *
     * @param folder as in {@link #load(Path, BaseStorage)}
     * @param dataType FLOAT or DOUBLE
     * @return the model
     * @throws IOException as {@link #load(Path, BaseStorage)}
     * @throws IllegalArgumentException as {@link #load(Path, BaseStorage)}, or if the type is neither FLOAT nor DOUBLE
     */
    public static DecoderModel load(Path folder, DataType dataType) throws IOException {
        Objects.requireNonNull(dataType, "dataType must not be null");
        return ModelKind.require(folder, true, WHAT) == ModelKind.GPT2
                ? new DecoderModel(null, Gpt2Model.load(folder, dataType))
                : new DecoderModel(LlamaModel.load(folder, dataType), null);
    }

    /**
     * Returns the language model.
     *
     * @return a network whose output is the logits of the next token
     */
    public synchronized Network network() {
        if (network == null) {
            network = gpt2 != null ? gpt2.causal() : llama().causal();
        }
        return network;
    }

    private LlamaModel llama() {
        return Objects.requireNonNull(llama);
    }

    /**
     * Returns the model without its head.
     *
     * @return a network whose output is the last hidden state of each token
     */
    public Network lastHiddenState() {
        return gpt2 != null ? gpt2.lastHiddenState() : llama().lastHiddenState();
    }

    /**
     * Returns the model with a new classifier on the last token of each sequence.
     *
     * @param classes the number of classes, at least 1
     * @param seed the seed of its weights
     * @return a network with the output {@code [n, classes]}
     */
    public Network classifier(int classes, long seed) {
        return gpt2 != null ? gpt2.classifier(classes, seed) : llama().classifier(classes, seed);
    }

    /**
     * Returns the model with the classifier of its files.
     *
     * @return the network; nothing if the files have no classifier
     */
    public Optional<Network> ownClassifier() {
        if (gpt2 != null) {
            return gpt2.hasClassifier() ? Optional.of(gpt2.classifier()) : Optional.empty();
        }
        return llama().hasClassifier() ? Optional.of(llama().classifier()) : Optional.empty();
    }

    /**
     * Returns the longest sequence that the model computes.
     *
     * @return the number of tokens
     */
    public int maxLength() {
        return gpt2 != null ? gpt2.config().maxPositions() : llama().config().maxLength();
    }

    /**
     * Saves a network of this model as a folder that {@code transformers} loads.
     *
     * @param merged the network
     * @param target the folder
     * @throws IOException if a file cannot be written
     */
    public void save(Network merged, Path target) throws IOException {
        if (gpt2 != null) {
            gpt2.save(merged, target);
        } else {
            llama().save(merged, target);
        }
    }
}
