package org.lora4j.nn.layer;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks the arrays that a layer is created around. */
final class ParameterArrays {
    private ParameterArrays() {}

    static void requirePath(String path) {
        Objects.requireNonNull(path, "path must not be null");
        if (path.isBlank()) {
            throw new IllegalArgumentException("a layer's path must not be blank, found '" + path + "'");
        }
    }

    /** Checks the weight of a layer: floating point, contiguous, not empty and of a rank. */
    static void requireWeight(String path, INDArray weight, int rank, String shape) {
        Objects.requireNonNull(weight, "weight must not be null");
        if (weight.rank() != rank || weight.isEmpty()) {
            throw new IllegalArgumentException(
                    path + ".weight: must be " + shape + ", found " + ArrayBits.describe(weight));
        }
        DataType type = weight.dataType();
        if (type != DataType.FLOAT && type != DataType.DOUBLE) {
            throw new IllegalArgumentException(path + ".weight: must be FLOAT or DOUBLE, found " + type);
        }
        requireOwnMemory(path + ".weight", weight);
    }

    /** Checks the bias of a layer, if there is one: a value for each row of the weight, of its type. */
    static void requireBias(String path, @Nullable INDArray bias, INDArray weight) {
        if (bias == null) {
            return;
        }
        if (bias.rank() != 1 || bias.length() != weight.size(0)) {
            throw new IllegalArgumentException(path + ".bias: must have the shape [" + weight.size(0)
                    + "] of the weight's rows, found " + Arrays.toString(bias.shape()));
        }
        if (bias.dataType() != weight.dataType()) {
            throw new IllegalArgumentException(
                    path + ".bias: must be " + weight.dataType() + " like the weight, found " + bias.dataType());
        }
        requireOwnMemory(path + ".bias", bias);
    }

    private static void requireOwnMemory(String name, INDArray array) {
        if (array.isView() || array.elementWiseStride() != 1) {
            throw new IllegalArgumentException(name + ": must be contiguous and no view; use dup()");
        }
    }

    /** Checks what a normalization adds before it divides. */
    static void requireEpsilon(String path, double epsilon) {
        if (!(epsilon > 0) || !Double.isFinite(epsilon)) {
            throw new IllegalArgumentException(path + ": epsilon must be positive, found " + epsilon);
        }
    }

    /** Checks that the input of a layer has the width that it takes. */
    static void requireWidth(String path, long expected, long found) {
        if (expected != found) {
            throw new IllegalArgumentException(
                    path + ": must take the " + found + " values of the layer before, found " + expected + " inputs");
        }
    }
}
