package org.lora4j.nn.internal;

import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The gradients of one {@link Segment}: an array for each parameter that trains, and nothing for the others. */
final class Gradients {
    private final boolean training;
    private final Map<Parameter, INDArray> arrays = new HashMap<>();
    private final Map<Parameter, WeightGradient> ofWeights = new HashMap<>();
    private Set<Parameter> trainable = Set.of();

    Gradients(boolean training) {
        this.training = training;
    }

    boolean isTraining() {
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

    Set<Parameter> trainable() {
        return trainable;
    }

    /** The array for the gradient of a parameter, or null if it does not train here. */
    @Nullable
    INDArray of(Parameter parameter) {
        if (!trainable.contains(parameter)) {
            return null;
        }
        return arrays.computeIfAbsent(parameter, key -> {
            INDArray value = key.value();
            return Nd4j.createUninitializedDetached(value.dataType(), value.ordering(), value.shape());
        });
    }

    /** The gradient of the weight of a linear layer, or null if it does not train here. */
    @Nullable
    WeightGradient ofWeight(Parameter weight) {
        INDArray array = of(weight);
        return array == null ? null : ofWeights.computeIfAbsent(weight, key -> new WeightGradient(array));
    }

    /** The gradient of {@link #ofWeight} if the parameter is a weight that trained here. */
    @Nullable
    WeightGradient getOfWeight(Parameter parameter) {
        return ofWeights.get(parameter);
    }
}
