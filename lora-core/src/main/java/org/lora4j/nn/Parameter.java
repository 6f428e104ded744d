package org.lora4j.nn;

import java.util.Objects;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A named array that is either trainable or frozen.
 *
 * <p>Only trainable parameters get gradients and updater state. Which ones train is read when a training {@link Pass}
 * is made; nothing here writes to the array of a frozen one.
 */
public final class Parameter {
    private final String name;
    private final INDArray value;
    private volatile boolean trainable;

    /**
     * Makes a parameter around an array, which is not copied.
     *
     * @param name the full name, such as {@code linear1.weight}
     * @param value the array, FLOAT or DOUBLE, contiguous
     * @param trainable whether it trains
     */
    public Parameter(String name, INDArray value, boolean trainable) {
        this.name = Objects.requireNonNull(name, "name");
        this.value = Objects.requireNonNull(value, "value");
        this.trainable = trainable;
    }

    /**
     * The full name.
     *
     * @return the module path and the parameter's own name, such as {@code linear1.weight}
     */
    public String name() {
        return name;
    }

    /**
     * The array itself, not a copy.
     *
     * @return the array
     */
    public INDArray value() {
        return value;
    }

    /**
     * Whether training changes this parameter.
     *
     * @return true if it trains, false if it is frozen
     */
    public boolean isTrainable() {
        return trainable;
    }

    /**
     * Freezes or thaws the parameter, for passes made afterwards.
     *
     * @param trainable whether it trains
     */
    public void setTrainable(boolean trainable) {
        this.trainable = trainable;
    }

    /**
     * Whether every element is a finite number.
     *
     * @return false if one is NaN or infinite
     */
    public boolean isFinite() {
        return isFinite(value);
    }

    static boolean isFinite(INDArray array) {
        // A sum is not finite if a term is not; one that overflows counts as well.
        return Double.isFinite(array.castTo(DataType.DOUBLE).sumNumber().doubleValue());
    }

    @Override
    public String toString() {
        return name + value.shapeInfoToString() + (trainable ? " trainable" : " frozen");
    }
}
