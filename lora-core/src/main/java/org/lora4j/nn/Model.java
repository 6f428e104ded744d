package org.lora4j.nn;

import java.util.Objects;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.compute.internal.PassSource;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Something that predicts and can be trained: a {@link Network}, or a network with adapters. The passes of this library compute its
 * layers, so only this library extends it.
 */
public abstract class Model implements PassSource {
    private final LayerStack stack;

    /**
     * Creates a model; not part of the API.
     *
     * @param stack the layers
     * @hidden
     */
    protected Model(LayerStack stack) {
        this.stack = stack;
    }

    /**
     * Returns what passes compute; not part of the API.
     *
     * @hidden
     */
    @Override
    public final LayerStack stack() {
        return stack;
    }

    /**
     * Returns the number of features in an input row.
     *
     * @return the width of the input; the size of the vocabulary if the model takes sequences of tokens
     */
    public final long inputSize() {
        return stack.inputSize();
    }

    /**
     * Returns the number of values in an output row. An adapter can bring a head with another number than that of its base.
     *
     * @return the width of the output with the adapters that are applied now
     */
    public final long outputSize() {
        return stack.outputSize(effectiveLayers());
    }

    /**
     * Returns the type of all parameters, inputs and outputs.
     *
     * @return FLOAT or DOUBLE
     */
    public final DataType dataType() {
        return stack.dataType();
    }

    /**
     * Returns whether the input is sequences of tokens, not rows of features.
     *
     * @return true for a transformer
     */
    public final boolean takesSequences() {
        return stack.takesSequences();
    }

    /**
     * Computes the output. Any number of threads can call this at the same time.
     *
     * @param x rows of features, or sequences of tokens
     * @return a new array {@code [n, outputSize]} in 'c' order, with a row for each example, or for each token of sequences if
     *     the model has no pooling
     * @throws IllegalArgumentException if the model takes input of the other kind, or the input does not fit it
     */
    public abstract INDArray predict(Input x);

    /**
     * Computes the output of an array.
     *
     * @param x the input {@code [n, inputSize]}; not written to. A model that takes sequences reads it as tokens
     *     {@code [n, t]} without padding
     * @return as {@link #predict(Input)}
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    public INDArray predict(INDArray x) {
        Objects.requireNonNull(x, "x must not be null");
        return predict(input(x));
    }

    /**
     * Computes the output as {@link #predict(INDArray)} does, into an array of the caller. To create an array takes ND4J about as long
     * as a small network takes for a row, so a service that predicts single rows can keep an array for each thread.
     *
     * @param x as in {@link #predict(INDArray)}
     * @param y gets the output: {@code [n, outputSize]} of {@link #dataType}. It may be {@code x} itself, but must not overlap it in
     *     another way
     * @throws IllegalArgumentException if {@code x} does not fit the model, or {@code y} has another shape or type than the output;
     *     {@code y} is not written to then
     */
    public void predictInto(INDArray x, INDArray y) {
        Objects.requireNonNull(x, "x must not be null");
        predictInto(input(x), y);
    }

    /**
     * Computes the output as {@link #predict(Input)} does, into an array of the caller.
     *
     * @param x rows of features, or sequences of tokens
     * @param y gets the output, as in {@link #predictInto(INDArray, INDArray)}, with a row for each example, or for each token of
     *     sequences if the model has no pooling
     * @throws IllegalArgumentException as {@link #predictInto(INDArray, INDArray)}
     */
    public abstract void predictInto(Input x, INDArray y);

    private Input input(INDArray x) {
        return takesSequences() ? Sequences.of(x, null, null) : Input.of(x);
    }
}
