package org.lora4j.dl4j;

import java.util.Map;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.jspecify.annotations.Nullable;
import org.lora4j.dl4j.TrainedArray.Role;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The arrays that an adapter trains for one layer, and their gradients: views of DL4J's vectors. */
final class Trained {
    private final LayerAdapter adapter;
    private Map<String, INDArray> values = Map.of();
    private Map<String, INDArray> gradients = Map.of();

    Trained(LayerAdapter adapter) {
        this.adapter = adapter;
    }

    LayerAdapter adapter() {
        return adapter;
    }

    /** Whether the layer computes with the adapter. */
    boolean isActive() {
        return adapter.isEnabled() && !values.isEmpty();
    }

    void setValues(Map<String, INDArray> views) {
        values = views;
    }

    Map<String, INDArray> values() {
        return values;
    }

    void setGradients(Map<String, INDArray> views) {
        gradients = views;
    }

    /** The array of a role for a parameter, or null if the adapter has none. */
    @Nullable
    INDArray value(@Nullable String parameter, Role role) {
        return parameter == null ? null : find(values, parameter, role);
    }

    /** The gradient of {@link #value}, to be written to. */
    @Nullable
    INDArray gradient(@Nullable String parameter, Role role) {
        return parameter == null ? null : find(gradients, parameter, role);
    }

    private @Nullable INDArray find(Map<String, INDArray> arrays, String parameter, Role role) {
        for (TrainedArray array : adapter.arrays()) {
            if (array.role() == role && array.parameter().equals(parameter)) {
                return arrays.get(array.key());
            }
        }
        return null;
    }

    /** The gradients in the form that DL4J returns; zeros while the adapter is disabled. */
    Gradient gradients() {
        Gradient gradient = new DefaultGradient();
        gradients.forEach((key, array) -> {
            if (!adapter.isEnabled()) {
                array.assign(0);
            }
            gradient.setGradientFor(key, array);
        });
        return gradient;
    }
}
