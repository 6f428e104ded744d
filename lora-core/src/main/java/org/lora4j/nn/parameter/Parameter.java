package org.lora4j.nn.parameter;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayBits;
import org.lora4j.internal.FlatRow;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.nn.weight.internal.ArrayWeight;
import org.lora4j.nn.weight.internal.EngineWeight;
import org.lora4j.nn.weight.internal.Engines;
import org.lora4j.nn.weight.internal.Weight;
import org.lora4j.nn.weight.internal.Weighted;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A named array that is either trainable or frozen.
 *
 * <p>Only trainable parameters have gradients and updater state. The library writes to no frozen array. Do not write to
 * one yourself: what was computed from it, such as DoRA's norms or the copy of a product engine, stays as it was.
 */
public final class Parameter implements Weighted {
    private final String name;
    private final INDArray value;
    private volatile boolean trainable;
    private volatile int thaws;
    private volatile int writes;
    private @Nullable Weight weight;
    private @Nullable INDArray row;

    /**
     * Creates a parameter around an array, which is not copied.
     *
     * @param name the full name, such as {@code linear1.weight}
     * @param value the array, FLOAT or DOUBLE, contiguous
     * @param trainable whether it trains
     */
    public Parameter(String name, INDArray value, boolean trainable) {
        this.name = Objects.requireNonNull(name, "name must not be null");
        this.value = Objects.requireNonNull(value, "value must not be null");
        this.trainable = trainable;
    }

    /**
     * Returns the full name.
     *
     * @return the module path and the parameter's own name, such as {@code linear1.weight}
     */
    @Override
    public String name() {
        return name;
    }

    /**
     * Returns the array itself, not a copy.
     *
     * @return the array
     */
    @Override
    public INDArray value() {
        return value;
    }

    /**
     * Returns what layers multiply with; not part of the API.
     *
     * @return the weight of this parameter, always the same object
     * @hidden
     */
    @Override
    public synchronized Weight weight() {
        Weight known = weight;
        if (known == null) {
            ProductEngine engine = EngineWeight.fits(value) ? Engines.engine() : null;
            known = engine == null ? new ArrayWeight(this) : new EngineWeight(this, engine);
            weight = known;
        }
        return known;
    }

    /**
     * Returns the elements as a row; not part of the API.
     *
     * @return {@code [1, length]} on the same memory, always the same object
     * @hidden
     */
    @Override
    public synchronized INDArray row() {
        INDArray known = row;
        if (known == null) {
            known = FlatRow.of(value);
            row = known;
        }
        return known;
    }

    /**
     * Returns whether training changes this parameter.
     *
     * @return true if it trains, false if it is frozen
     */
    @Override
    public boolean isTrainable() {
        return trainable;
    }

    /**
     * Freezes or unfreezes the parameter. A training that is running and trains it stops with an error if it is frozen.
     *
     * @param trainable whether it trains
     */
    public synchronized void setTrainable(boolean trainable) {
        boolean thaws = trainable && !this.trainable;
        if (thaws) {
            this.thaws++;
        }
        this.trainable = trainable;
        if (thaws && weight != null) {
            weight.thaw();
        }
    }

    /**
     * Returns how often the parameter was unfrozen. While it is frozen and the number stays the same, its array does too.
     *
     * @return a number that grows
     * @hidden
     */
    @Override
    public int thaws() {
        return thaws;
    }

    /**
     * Notes that a training or a file wrote to the array; not part of the API.
     *
     * @hidden
     */
    public synchronized void noteWrite() {
        writes++;
    }

    /**
     * Returns how often the parameter was unfrozen or written to by the library; not part of the API. While the number stays
     * the same, what was computed with the parameter is still right.
     *
     * @return a number that grows
     * @hidden
     */
    public long version() {
        return (long) thaws + writes;
    }

    /**
     * Returns whether every element is a finite number.
     *
     * @return false if an element is NaN or infinite
     */
    public boolean isFinite() {
        return ArrayBits.isFinite(value);
    }

    @Override
    public String toString() {
        return name + " " + ArrayBits.describe(value) + (trainable ? " trainable" : " frozen");
    }
}
