package org.lora4j.nn.batch.internal;

import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a block of rows of a batch has of its own: the effective weights that compute it, its gradients, and the number of
 * its step. A call with one adapter has one segment, a mixed batch has several, and trainings that go together have one
 * each. It belongs to one thread at a time.
 */
public final class Segment {
    private final LayerStack network;
    private final Supplier<? extends EffectiveLayers> resolver;
    private final Gradients gradients;

    /** What each layer computed with in the last step. Kept in training only. */
    private final @Nullable Map<WeightedLayer, EffectiveLinear> known;

    private EffectiveLayers layers;
    private long changes;
    private long nextStep;
    private long step;
    private long examplesBefore;
    private long tokensBefore;

    /**
     * Creates a segment.
     *
     * @param network the layers of the network
     * @param training whether its gradients are computed
     * @param resolver called once for each batch: what each layer computes with. A change that comes in the meantime takes
     *     effect in the next batch
     */
    public Segment(LayerStack network, boolean training, Supplier<? extends EffectiveLayers> resolver) {
        this.network = network;
        this.resolver = resolver;
        gradients = new Gradients(training);
        known = training ? new IdentityHashMap<>() : null;
        layers = resolver.get();
        if (training) {
            resolve();
        }
    }

    /**
     * Creates a segment of a prediction.
     *
     * @param network the layers of the network
     * @param layers what each layer computes with
     * @return the segment
     */
    public static Segment predicting(LayerStack network, EffectiveLayers layers) {
        return new Segment(network, false, () -> layers);
    }

    /** Determines what the layers compute with in the next batch. {@link Pass#forward(Input)} does so by itself. */
    public void resolve() {
        layers = resolver.get();
        if (known == null) {
            return;
        }
        boolean changed = false;
        for (WeightedLayer layer : network.weightedLayers()) {
            EffectiveLinear wanted = layers.of(layer);
            if (!wanted.equals(known.get(layer))) {
                known.put(layer, wanted);
                changed = true;
            }
        }
        if (changed) {
            gradients.setParameters(parameters());
            changes++;
        }
    }

    public LayerStack network() {
        return network;
    }

    /** What all layers compute with now. */
    public EffectiveLayers layers() {
        return layers;
    }

    public boolean isTraining() {
        return gradients.isTraining();
    }

    /** What a layer computes with now. */
    public EffectiveLinear of(WeightedLayer layer) {
        EffectiveLinear effective = known == null ? null : known.get(layer);
        return effective == null ? layers.of(layer) : effective;
    }

    /** Whether a parameter that a layer computes with trains. */
    public boolean trains(WeightedLayer layer) {
        return isTraining() && of(layer).parameters().stream().anyMatch(gradients.trainable()::contains);
    }

    public Gradients gradients() {
        return gradients;
    }

    /** Begins the next step. */
    public void beginStep() {
        step = nextStep++;
    }

    /** The number of the step that was begun last. Its random numbers depend on it. */
    public long step() {
        return step;
    }

    /** The examples of the larger batch before those of this segment, if they are a part of one; or their tokens. */
    public long rowsBefore(boolean perToken) {
        return perToken ? tokensBefore : examplesBefore;
    }

    /** All parameters that it computes with, trainable or not. */
    public Set<Parameter> parameters() {
        Set<Parameter> all = new LinkedHashSet<>();
        for (WeightedLayer layer : network.weightedLayers()) {
            all.addAll(of(layer).parameters());
        }
        return all;
    }

    /**
     * Returns the parameters that train.
     *
     * @return in the order of the network; empty if the segment does not train
     */
    public Set<Parameter> trainableParameters() {
        return gradients.trainable();
    }

    /**
     * Returns the gradient that the last {@link Pass#backward} computed for a parameter.
     *
     * @param parameter one of {@link #trainableParameters}
     * @return the gradient in the parameter's shape and order, a buffer of this segment
     * @throws IllegalArgumentException if the parameter does not train
     */
    public INDArray gradient(Parameter parameter) {
        Gradient gradient = gradients.of(parameter);
        if (gradient == null) {
            throw new IllegalArgumentException(parameter.name() + ": has no gradient in this pass; trainable are "
                    + gradients.trainable().stream().map(Parameter::name).toList());
        }
        return Optional.ofNullable(weightGradient(parameter))
                .map(WeightGradient::get)
                .orElse(gradient.array());
    }

    /**
     * Returns the gradient of the weight of a linear layer, for an updater that computes it part by part.
     *
     * @param parameter one of {@link #trainableParameters}
     * @return the gradient, or null if the parameter is no such weight
     */
    public @Nullable WeightGradient weightGradient(Parameter parameter) {
        return gradients.getOfWeight(parameter);
    }

    /**
     * Returns how often layers were found to compute with other arrays or updates than before. While the number stays the
     * same, {@link #trainableParameters} does too.
     *
     * @return a number that grows with each change
     */
    public long changes() {
        return changes;
    }

    /**
     * Sets the number of the next step, which otherwise counts from 0. Random numbers of a step depend on it, so a resumed
     * training sets it to continue as if it had not been interrupted.
     *
     * @param number the number of the next step, from 0
     * @throws IllegalArgumentException if it is negative
     */
    public void setStep(long number) {
        if (number < 0) {
            throw new IllegalArgumentException("the number of a step must not be negative, found " + number);
        }
        nextStep = number;
    }

    /**
     * Sets which part of a larger batch its batches from here on are. Random numbers of a row depend on its number in the
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
        examplesBefore = examples;
        tokensBefore = tokens;
    }
}
