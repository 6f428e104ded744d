package org.lora4j.nn.internal;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayBits;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.nn.Activation;
import org.lora4j.nn.Input;
import org.lora4j.nn.Layer;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.Sequences;
import org.lora4j.nn.TokenEmbeddings;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Everything that changes when a network computes: activations, buffers and gradients.
 *
 * <p>A pass is created once and used for any number of batches of any size; after the first few calls it allocates
 * nothing. It belongs to one thread at a time, while any number of passes share one network. The arrays it returns
 * are its own buffers, valid until its next call; copy what is to be kept.
 */
public final class Pass {
    private final Network network;
    private final boolean training;
    private final Supplier<? extends EffectiveLayers> resolver;
    private final PassResources resources;

    /** The first layer of a network that takes tokens. */
    private final @Nullable TokenEmbeddingsPass<?> embeddings;

    private final Chain chain;
    private final BatchBuffer outputGradients;
    private long changes;
    private @Nullable INDArray input;
    private @Nullable INDArray output;

    /**
     * Creates a pass over a network.
     *
     * @param network the network
     * @param training whether gradients will be computed
     * @param resolver called once at the start of each {@link #forward}: what each linear layer computes with in this
     *     call. A change that comes in the meantime takes effect in the next call
     */
    public Pass(Network network, boolean training, Supplier<? extends EffectiveLayers> resolver) {
        this.network = network;
        this.training = training;
        this.resolver = resolver;
        List<Layer> layers = network.layers();
        if (layers.get(0) instanceof TokenEmbeddings tokens) {
            resources = PassResources.ofTokens(network.dataType(), training);
            embeddings = TokenEmbeddingsPass.of(tokens, resources);
            chain = new Chain(layers.subList(1, layers.size()), tokens.word().outputSize(), true, resources);
        } else {
            resources = PassResources.ofRows(network.dataType(), isDense(layers), training);
            embeddings = null;
            chain = new Chain(layers, network.inputSize(), false, resources);
        }
        outputGradients = new BatchBuffer(network.dataType(), network.outputSize(), resources.order());
        use(resolver.get());
    }

    private static boolean isDense(List<Layer> layers) {
        return layers.stream().allMatch(layer -> layer instanceof Linear || layer instanceof Activation);
    }

    /**
     * Computes the output of a batch.
     *
     * @param x the input; not written to
     * @return the output {@code [rows, outputSize]}, a buffer of this pass
     * @throws IllegalArgumentException if the input does not fit the network
     */
    public INDArray forward(Input x) {
        return forward(x, resolver.get());
    }

    /**
     * Computes the output of rows of features.
     *
     * @param x the input {@code [n, inputSize]} of the network's type; not written to
     * @return the output {@code [n, outputSize]}, a buffer of this pass
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    public INDArray forward(INDArray x) {
        return forward(Input.of(x));
    }

    /**
     * Computes the output of a batch with updates chosen for this call.
     *
     * @param x the input; not written to
     * @param effective what each layer computes with
     * @return the output {@code [rows, outputSize]}, a buffer of this pass
     * @throws IllegalArgumentException if the input does not fit the network
     */
    public INDArray forward(Input x, EffectiveLayers effective) {
        Inputs.require(x, network);
        use(effective);
        INDArray activations;
        if (x instanceof Sequences sequences) {
            resources.tokens().set(sequences);
            activations = Objects.requireNonNull(embeddings).forward(sequences);
        } else {
            activations = Inputs.withoutBroadcast(Inputs.rows(x));
        }
        input = activations;
        return finish(chain.forward(activations));
    }

    private INDArray finish(INDArray result) {
        output = result;
        resources.step().set(resources.step().number() + 1);
        return result;
    }

    /**
     * Sets the number of the next {@link #forward}, which otherwise counts from 0. Random numbers of a step depend on
     * it, so a resumed training sets it to continue as if it had not been interrupted.
     *
     * @param number the number of the next step, from 0
     * @throws IllegalArgumentException if it is negative
     */
    public void setStep(long number) {
        if (number < 0) {
            throw new IllegalArgumentException("the number of a step must not be negative, found " + number);
        }
        resources.step().set(number);
    }

    /**
     * Sets which part of a larger batch the batches from here on are. Random numbers of a row depend on its number in the
     * larger batch.
     *
     * @param examples the number of examples of the larger batch before this part; 0 for a whole batch
     * @param tokens the number of their tokens, 0 if examples are no sequences
     * @throws IllegalArgumentException if one is negative
     */
    public void setBefore(long examples, long tokens) {
        if (examples < 0 || tokens < 0) {
            throw new IllegalArgumentException(
                    "the examples and tokens before a part must not be negative, found " + examples + " and " + tokens);
        }
        resources.step().setBefore(examples, tokens);
    }

    /**
     * Computes the gradients of the trainable parameters; see {@link #gradient}.
     *
     * @param outputGradient {@code ∂L/∂y [n, outputSize]} of the last {@link #forward}; not written to
     * @throws IllegalStateException if this pass does not train or {@link #forward} was not called
     * @throws IllegalArgumentException if the shape or the type does not fit the last output
     */
    public void backward(INDArray outputGradient) {
        if (!training || output == null) {
            throw new IllegalStateException("backward needs a training pass and a forward before it");
        }
        if (!Arrays.equals(outputGradient.shape(), output.shape()) || outputGradient.dataType() != output.dataType()) {
            throw new IllegalArgumentException("output gradient: must be like the output, " + Inputs.describe(output)
                    + ", found " + Inputs.describe(outputGradient));
        }
        boolean embeddingsTrain = embeddings != null && !embeddings.trainable().isEmpty();
        INDArray gradient = chain.backward(inOrder(outputGradient), embeddingsTrain);
        if (embeddings != null && gradient != null) {
            embeddings.backward(gradient);
            resources.scratch().release(gradient);
        }
    }

    /** Loops over rows read each row in one piece, so they need the order of the activations. */
    private INDArray inOrder(INDArray gradient) {
        boolean isInRows = gradient.stride(1) == 1 && gradient.stride(0) == gradient.size(1);
        return resources.order() == 'f' || isInRows
                ? gradient
                : outputGradients.rows(gradient.size(0)).assign(gradient);
    }

    /**
     * Returns the gradient that the last {@link #backward} computed for a parameter.
     *
     * @param parameter one of {@link #trainableParameters}
     * @return the gradient in the parameter's shape and order, a buffer of this pass
     * @throws IllegalArgumentException if the parameter does not train in this pass
     */
    public INDArray gradient(Parameter parameter) {
        Set<Parameter> trainable = trainableParameters();
        INDArray gradient =
                trainable.contains(parameter) ? resources.gradients().get(parameter) : null;
        if (gradient == null) {
            throw new IllegalArgumentException(parameter.name() + ": has no gradient in this pass; trainable are "
                    + trainable.stream().map(Parameter::name).toList());
        }
        WeightGradient ofWeight = resources.gradients().getOfWeight(parameter);
        return ofWeight == null ? gradient : ofWeight.get();
    }

    /**
     * Returns the gradient of the weight of a linear layer, for an updater that computes it part by part.
     *
     * @param parameter one of {@link #trainableParameters}
     * @return the gradient, or null if the parameter is no such weight
     */
    public @Nullable WeightGradient weightGradient(Parameter parameter) {
        return resources.gradients().getOfWeight(parameter);
    }

    /**
     * Returns the parameters that train in this pass.
     *
     * @return in the order of the network; empty if the pass does not train
     */
    public Set<Parameter> trainableParameters() {
        Set<Parameter> trainable = new LinkedHashSet<>();
        if (embeddings != null) {
            trainable.addAll(embeddings.trainable());
        }
        trainable.addAll(chain.trainable());
        return Collections.unmodifiableSet(trainable);
    }

    /**
     * Returns how often a {@link #forward} found that layers compute with other arrays or updates than before.
     * While the number stays the same, {@link #trainableParameters} does too.
     *
     * @return a number that grows with each change
     */
    public long changes() {
        return changes;
    }

    /**
     * Finds where numbers stopped being finite in the last {@link #forward}.
     *
     * @return the path of the first layer whose output holds NaN or an infinity, {@code input} if the batch itself
     *     does, or nothing
     */
    public Optional<String> firstNonFinite() {
        if (input != null && !ArrayBits.isFinite(input)) {
            return Optional.of(
                    embeddings == null ? "input" : network.layers().get(0).path());
        }
        return chain.firstNonFinite();
    }

    /**
     * Checks an input and determines what the layers compute with in the next step of a {@link JointPass}, as
     * {@link #forward} does by itself.
     *
     * @param x the input {@code [n, inputSize]} of the network's type
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    public void prepare(INDArray x) {
        Inputs.require(Input.of(x), network);
        use(resolver.get());
    }

    /** Determines what the layers compute with, as {@link #forward} does, where nothing is computed. */
    public void bind() {
        use(resolver.get());
    }

    Network network() {
        return network;
    }

    /** The computation of the i-th layer, which is linear. */
    LinearPass linear(int i) {
        return (LinearPass) chain.pass(i);
    }

    /** The first layer with trainable parameters; the number of layers if there is none. */
    int firstTraining() {
        return chain.firstTraining();
    }

    /** All parameters that it computes with, trainable or not. */
    Set<Parameter> parameters() {
        Set<Parameter> all = new LinkedHashSet<>();
        if (embeddings != null) {
            all.addAll(embeddings.parameters());
        }
        all.addAll(chain.parameters());
        return all;
    }

    /** Counts a step that a {@link JointPass} computed. */
    void countStep() {
        resources.step().set(resources.step().number() + 1);
    }

    private void use(EffectiveLayers effective) {
        boolean changed = chain.use(effective);
        if (embeddings != null) {
            changed |= embeddings.use(effective);
        }
        if (changed) {
            changes++;
        }
    }
}
