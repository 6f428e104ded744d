package org.lora4j.nn.parameter;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.FlatRow;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.nn.weight.internal.ArrayMatrix;
import org.lora4j.nn.weight.internal.BFloat16Matrix;
import org.lora4j.nn.weight.internal.CompactMatrix;
import org.lora4j.nn.weight.internal.EngineWeight;
import org.lora4j.nn.weight.internal.Engines;
import org.lora4j.nn.weight.internal.MatrixWeight;
import org.lora4j.nn.weight.internal.OwnedMatrix;
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
    private final String name;
    private volatile WeightMatrix matrix;
    private volatile Precision precision = Precision.FLOAT;
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
        matrix = new ArrayMatrix(Objects.requireNonNull(value, "value must not be null"));
        this.trainable = trainable;
    }

    /**
     * Creates a parameter around elements that others can share; not part of the API.
     *
     * @param name the full name
     * @param matrix an array, which trains until it is frozen, or a matrix in fewer bits, which is frozen
     * @hidden
     */
    public Parameter(String name, WeightMatrix matrix) {
        this.name = Objects.requireNonNull(name, "name must not be null");
        this.matrix = Objects.requireNonNull(matrix, "matrix must not be null");
        precision = matrix.precision();
        trainable = !matrix.isCompact();
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
     * Returns the array itself, not a copy. A frozen matrix that is stored in fewer bits, or only in the form of a product
     * engine, has none: then this is a new array of the weights as they are multiplied with, so do not call it only for the shape.
     *
     * @return the array
     */
    public INDArray value() {
        WeightMatrix now = matrix;
        return trainable ? keptArray(now) : now.array();
    }

    /** The array of a matrix, which stays that of the parameter. */
    private static INDArray keptArray(WeightMatrix matrix) {
        return matrix instanceof OwnedMatrix owned ? owned.keep() : matrix.array();
    }

    /**
     * Notes that nobody else has the array, so that it can be dropped when a product engine has packed it; not part of the API.
     *
     * @hidden
     */
    public synchronized void own() {
        WeightMatrix now = matrix;
        boolean isFloatMatrix = now.dataType() == DataType.FLOAT && now.shape().length == 2;
        if (now instanceof ArrayMatrix && isFloatMatrix && now.array().ordering() == 'c') {
            matrix = new OwnedMatrix(now);
        }
    }

    /**
     * Returns the shape.
     *
     * @return the dimensions of {@link #value}
     */
    public long[] shape() {
        return matrix.shape().clone();
    }

    /**
     * Returns the type.
     *
     * @return that of {@link #value}: FLOAT or DOUBLE
     */
    public DataType dataType() {
        return matrix.dataType();
    }

    /**
     * Returns the elements in the form that they are stored in; not part of the API.
     *
     * @hidden
     */
    @Override
    public WeightMatrix matrix() {
        return matrix;
    }

    /**
     * Returns what {@link #store} was called with; not part of the API.
     *
     * @return {@code FLOAT} if it was not called
     * @hidden
     */
    @Override
    public Precision precision() {
        return precision;
    }

    /**
     * Sets how the frozen matrix is stored; not part of the API. One that is trainable is stored so when it is frozen. A vector,
     * a matrix of DOUBLE and a small one stay as they are.
     *
     * @param newPrecision the precision
     * @hidden
     */
    public synchronized void store(Precision newPrecision) {
        precision = Objects.requireNonNull(newPrecision, "newPrecision must not be null");
        if (!trainable) {
            convert();
        }
    }

    private void convert() {
        WeightMatrix now = matrix;
        if (now.precision() != precision && fitsFewerBits()) {
            matrix = new OwnedMatrix(CompactMatrix.convert(now, precision));
            // After the matrix, so that nothing computed from the old one is taken for new.
            changed();
        }
    }

    /**
     * Returns whether it is a matrix that can be stored in fewer bits; not part of the API.
     *
     * @return false for a vector, a matrix of DOUBLE and a small one
     * @hidden
     */
    public boolean fitsFewerBits() {
        return CompactMatrix.fits(matrix.dataType(), matrix.shape());
    }

    /**
     * Returns the elements rounded to bfloat16; not part of the API.
     *
     * @return a new array of BFLOAT16
     * @hidden
     */
    public INDArray halves() {
        return BFloat16Matrix.rounded(matrix);
    }

    private synchronized void changed() {
        thaws++;
        if (weight != null) {
            weight.thaw();
        }
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
            ProductEngine engine = EngineWeight.fits(matrix) ? Engines.engine() : null;
            known = engine == null ? new MatrixWeight(this) : new EngineWeight(this, engine);
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
    @Override
    public boolean isTrainable() {
        return trainable;
    }

    /**
     * Freezes or unfreezes the parameter. A training that is running and trains it stops with an error if it is frozen.
     *
     * @param trainable whether it trains
     * @throws IllegalStateException if a matrix is to train that is stored in fewer bits
     */
    public synchronized void setTrainable(boolean trainable) {
        if (!trainable) {
            this.trainable = false;
            convert();
            return;
        }
        if (this.trainable) {
            return;
        }
        requireArray();
        // The fingerprint of what it was rounded from is that of other weights from now on.
        matrix = new ArrayMatrix(keptArray(matrix));
        this.trainable = true;
        changed();
    }

    /**
     * Checks that the parameter can train; not part of the API.
     *
     * @throws IllegalStateException if it is stored in fewer bits
     * @hidden
     */
    public void requireArray() {
        if (matrix.isCompact()) {
            throw new IllegalStateException(
                    name + ": must be stored in FLOAT to be unfrozen, found "
                            + matrix.precision()
                            + "; unfreeze a copy of the network, or call setBaseStorage with FLOAT, which keeps the rounded weights");
        }
    }

    /**
     * Returns how often the parameter was unfrozen or stored in another form. While it is frozen and the number stays the same,
     * its elements do too.
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
     * Returns how often the parameter was unfrozen, stored in another form or written to by the library; not part of the API. While the number stays
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
        return matrix.isFinite();
    }

    @Override
    public String toString() {
        return name + " " + Arrays.toString(matrix.shape()) + " " + matrix.dataType()
                + (trainable ? " trainable" : " frozen");
    }
}
