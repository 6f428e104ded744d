package org.lora4j.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The elements of several arrays of one type, to be sent to another machine. */
final class FlatValues implements Serializable {
    private static final long serialVersionUID = 1L;

    /** The elements if the type is FLOAT. */
    private final float @Nullable [] floats;

    /** The elements if the type is DOUBLE. */
    private final double @Nullable [] doubles;

    private FlatValues(float @Nullable [] floats, double @Nullable [] doubles) {
        this.floats = floats;
        this.doubles = doubles;
    }

    /** Copies the elements of arrays, each in 'c' order. */
    static FlatValues of(List<INDArray> arrays) {
        boolean isFloat = arrays.get(0).dataType() == DataType.FLOAT;
        int length = Math.toIntExact(arrays.stream().mapToLong(INDArray::length).sum());
        float[] floats = new float[isFloat ? length : 0];
        double[] doubles = new double[isFloat ? 0 : length];
        int at = 0;
        for (INDArray array : arrays) {
            int size = (int) array.length();
            if (isFloat) {
                System.arraycopy(array.dup('c').data().asFloat(), 0, floats, at, size);
            } else {
                System.arraycopy(array.dup('c').data().asDouble(), 0, doubles, at, size);
            }
            at += size;
        }
        return isFloat ? new FlatValues(floats, null) : new FlatValues(null, doubles);
    }

    /** Rounds numbers to a type. */
    static FlatValues rounded(double[] values, DataType type) {
        if (type == DataType.DOUBLE) {
            return new FlatValues(null, values);
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return new FlatValues(floats, null);
    }

    /** Overwrites arrays of the same lengths and type. */
    void assignTo(List<INDArray> arrays) {
        int at = 0;
        for (INDArray array : arrays) {
            int to = at + (int) array.length();
            INDArray flat = floats != null
                    ? Nd4j.createFromArray(Arrays.copyOfRange(floats, at, to))
                    : Nd4j.createFromArray(Arrays.copyOfRange(doubles(), at, to));
            array.assign(flat.reshape('c', array.shape()));
            at = to;
        }
    }

    private double[] doubles() {
        return Objects.requireNonNull(doubles);
    }

    /** Adds the elements times a weight to a sum. */
    void addTo(double[] sum, double weight) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += weight * (floats != null ? floats[i] : doubles()[i]);
        }
    }

    int length() {
        return floats != null ? floats.length : doubles().length;
    }
}
