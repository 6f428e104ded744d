package org.lora4j.nn.layer;

import java.util.Objects;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationPReLU;
import org.nd4j.linalg.activations.impl.ActivationRReLU;

/** An activation function that is applied to each row: any function of ND4J without parameters and state. */
public final class Activation implements Layer {
    private final String path;
    private final IActivation function;

    /**
     * Creates a layer.
     *
     * @param path the name of the layer, for messages
     * @param function the function; a plain {@code ActivationReLU} has a fast implementation
     * @throws IllegalArgumentException if the function has parameters or draws random numbers
     */
    public Activation(String path, IActivation function) {
        Objects.requireNonNull(path, "path must not be null");
        Objects.requireNonNull(function, "function must not be null");
        if (function.numParams(1) != 0 || function instanceof ActivationPReLU || function instanceof ActivationRReLU) {
            throw new IllegalArgumentException(path + ": an activation must have neither parameters nor state, found "
                    + function.getClass().getSimpleName());
        }
        this.path = path;
        this.function = function;
    }

    @Override
    public String path() {
        return path;
    }

    /**
     * Returns the function.
     *
     * @return ND4J's function
     */
    public IActivation function() {
        return function;
    }

    @Override
    public String toString() {
        return path + ": " + function;
    }
}
