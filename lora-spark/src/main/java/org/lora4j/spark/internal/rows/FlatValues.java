package org.lora4j.spark.internal.rows;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Numbers of one type, such as the elements of several arrays or the features of rows, to be sent to another machine. */
public final class FlatValues implements Serializable {
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
    public static FlatValues of(List<INDArray> arrays) {
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
    public static FlatValues rounded(double[] values, DataType type) {
        if (type == DataType.DOUBLE) {
            return new FlatValues(null, values);
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        return new FlatValues(floats, null);
    }

    /** Puts values of one type one after the other; there must be at least one. */
    public static FlatValues concat(List<FlatValues> parts, String what) {
        long length = parts.stream().mapToLong(FlatValues::length).sum();
        if (length > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a worker must have fewer than 2^31 numbers of " + what + ", found "
                    + length + "; set more workers");
        }
        boolean isFloat = parts.get(0).floats != null;
        float[] floats = new float[isFloat ? (int) length : 0];
        double[] doubles = new double[isFloat ? 0 : (int) length];
        int at = 0;
        for (FlatValues part : parts) {
            if (isFloat) {
                System.arraycopy(part.floats(), 0, floats, at, part.length());
            } else {
                System.arraycopy(part.doubles(), 0, doubles, at, part.length());
            }
            at += part.length();
        }
        return isFloat ? new FlatValues(floats, null) : new FlatValues(null, doubles);
    }

    /** Copies some of the numbers to a new array of their type. */
    public INDArray array(int from, int to) {
        return floats != null
                ? Nd4j.createFromArray(Arrays.copyOfRange(floats, from, to))
                : Nd4j.createFromArray(Arrays.copyOfRange(doubles(), from, to));
    }

    public double get(int index) {
        return floats != null ? floats[index] : doubles()[index];
    }

    /** Overwrites arrays of the same lengths and type. */
    public void assignTo(List<INDArray> arrays) {
        int at = 0;
        for (INDArray array : arrays) {
            int to = at + (int) array.length();
            array.assign(array(at, to).reshape('c', array.shape()));
            at = to;
        }
    }

    private float[] floats() {
        return Objects.requireNonNull(floats);
    }

    private double[] doubles() {
        return Objects.requireNonNull(doubles);
    }

    /** Adds the elements times a weight to a sum. */
    public void addTo(double[] sum, double weight) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += weight * get(i);
        }
    }

    public int length() {
        return floats != null ? floats.length : doubles().length;
    }
}
