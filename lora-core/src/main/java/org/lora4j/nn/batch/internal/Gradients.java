package org.lora4j.nn.batch.internal;

import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The gradients of one {@link Segment}: one for each parameter that trains, and nothing for the others. */
public final class Gradients {
    private final boolean training;
    private final Map<Parameter, Gradient> all = new HashMap<>();
    private final Map<Parameter, WeightGradient> ofWeights = new HashMap<>();
    private Set<Parameter> trainable = Set.of();

    Gradients(boolean training) {
        this.training = training;
    }

    public boolean isTraining() {
        return training;
    }

    /** Takes those of some parameters that are trainable now, in this order. */
    void setParameters(Iterable<Parameter> parameters) {
        Set<Parameter> now = new LinkedHashSet<>();
        for (Parameter parameter : parameters) {
            if (training && parameter.isTrainable()) {
                now.add(parameter);
            }
        }
        trainable = Collections.unmodifiableSet(now);
    }

    public Set<Parameter> trainable() {
        return trainable;
    }

    /** Starts a step: no gradient has parts. */
    public void begin() {
        all.values().forEach(Gradient::begin);
    }

    /** The gradient of a parameter, or null if it does not train here. */
    @Nullable
    public Gradient of(Parameter parameter) {
        if (!trainable.contains(parameter)) {
            return null;
        }
        return all.computeIfAbsent(parameter, key -> {
            INDArray value = key.value();
            return new Gradient(Nd4j.createUninitializedDetached(value.dataType(), value.ordering(), value.shape()));
        });
    }

    /** The gradient of the weight of a linear layer, or null if it does not train here. */
    @Nullable
    public WeightGradient ofWeight(Parameter weight) {
        Gradient gradient = of(weight);
        return gradient == null ? null : ofWeights.computeIfAbsent(weight, key -> new WeightGradient(gradient));
    }

    /** The gradient of {@link #ofWeight} if the parameter is a weight that trained here. */
    @Nullable
    public WeightGradient getOfWeight(Parameter parameter) {
        return ofWeights.get(parameter);
    }
}
