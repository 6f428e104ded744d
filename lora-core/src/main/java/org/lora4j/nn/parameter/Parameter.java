package org.lora4j.nn.parameter;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.FlatRow;
import org.lora4j.nn.weight.internal.ArrayMatrix;
import org.lora4j.nn.weight.internal.Weight;
import org.lora4j.nn.weight.internal.WeightMatrix;
import org.lora4j.nn.weight.internal.Weighted;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A named array that is either trainable or frozen.
 *
 * <p>Only trainable parameters have gradients and updater state. The library writes to no frozen array. Do not write to
 * one yourself: what was computed from it, such as DoRA's norms or the copy of a product engine, stays as it was.
 *
 * <p>A frozen matrix can be stored in fewer bits, see {@code org.lora4j.nn.BaseStorage}. Such a parameter has no array, and
 * stays frozen. A frozen matrix that the library read from a file has none either while a product engine holds it.
 */
public final class Parameter implements Weighted {
    private final Weight weight;
    private @Nullable INDArray row;

    /**
     * Creates a parameter around an array, which is not copied.
     *
     * @param name the full name, such as {@code linear1.weight}
     * @param value the array, FLOAT or DOUBLE, contiguous
     * @param trainable whether it trains
     */
    public Parameter(String name, INDArray value, boolean trainable) {
        this(new Weight(
                Objects.requireNonNull(name, "name must not be null"),
                new ArrayMatrix(Objects.requireNonNull(value, "value must not be null")),
                trainable));
    }

    /**
     * Creates a parameter around elements that others can share; not part of the API.
     *
     * @param name the full name
     * @param matrix an array, which trains until it is frozen, or a matrix in fewer bits, which is frozen
     * @hidden
     */
    public Parameter(String name, WeightMatrix matrix) {
        this(new Weight(
                Objects.requireNonNull(name, "name must not be null"),
                Objects.requireNonNull(matrix, "matrix must not be null"),
                !matrix.isCompact()));
    }

    /**
     * Creates a parameter around a weight; not part of the API.
     *
     * @param weight what layers multiply with
     * @hidden
     */
    public Parameter(Weight weight) {
        this.weight = Objects.requireNonNull(weight, "weight must not be null");
    }

    /**
     * Returns the full name.
     *
     * @return the module path and the parameter's own name, such as {@code linear1.weight}
     */
    public String name() {
        return weight.name();
    }

    /**
     * Returns the array itself, not a copy. A frozen matrix that is stored in fewer bits, or only in the form of a product
     * engine, has none: then this is a new array of the weights as they are multiplied with, so do not call it only for the shape.
     *
     * @return the array
     */
    public INDArray value() {
        return weight.array();
    }

    /**
     * Overwrites the elements of a parameter that trains. Whoever remembers what was computed with them computes it again.
     *
     * @param elements an array of the same shape, of any floating-point type
     * @throws IllegalArgumentException if the shape differs
     * @throws IllegalStateException if the parameter is frozen: adapters depend on frozen ones
     */
    public void assign(INDArray elements) {
        Objects.requireNonNull(elements, "elements must not be null");
        if (!Arrays.equals(elements.shape(), weight.matrix().shape())) {
            throw new IllegalArgumentException(name() + ": the elements must have the shape "
                    + Arrays.toString(weight.matrix().shape()) + ", found " + Arrays.toString(elements.shape()));
        }
        if (!isTrainable()) {
            throw new IllegalStateException(
                    name() + ": a parameter that is overwritten must be trainable, found it frozen");
        }
        value().assign(elements);
        weight.noteWrite();
    }

    /**
     * Returns the shape.
     *
     * @return the dimensions of {@link #value}
     */
    public long[] shape() {
        return weight.matrix().shape().clone();
    }

    /**
     * Returns the type.
     *
     * @return that of {@link #value}: FLOAT or DOUBLE
     */
    public DataType dataType() {
        return weight.dataType();
    }

    /**
     * Returns what layers multiply with; not part of the API.
     *
     * @return always the same object
     * @hidden
     */
    @Override
    public Weight weight() {
        return weight;
    }

    /**
     * Returns the elements as a row, to be added to each row of a matrix; not part of the API.
     *
     * @return {@code [1, length]} on the same memory, always the same object
     * @hidden
     */
    public synchronized INDArray row() {
        INDArray known = row;
        if (known == null) {
            known = FlatRow.of(value());
            row = known;
        }
        return known;
    }

    /**
     * Returns whether training changes this parameter.
     *
     * @return true if it trains, false if it is frozen
     */
    public boolean isTrainable() {
        return weight.isTrainable();
    }

    /**
     * Freezes or unfreezes the parameter. A training that is running and trains it stops with an error if it is frozen.
     *
     * @param trainable whether it trains
     * @throws IllegalStateException if a matrix is to train that is stored in fewer bits
     */
    public void setTrainable(boolean trainable) {
        weight.setTrainable(trainable);
    }

    /**
     * Returns whether every element is a finite number.
     *
     * @return false if an element is NaN or infinite
     */
    public boolean isFinite() {
        return weight.matrix().isFinite();
    }

    @Override
    public String toString() {
        return name() + " " + Arrays.toString(weight.matrix().shape()) + " " + dataType()
                + (isTrainable() ? " trainable" : " frozen");
    }
}
