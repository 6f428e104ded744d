package org.lora4j.nn.internal;

import java.util.Arrays;
import org.lora4j.nn.Model;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks the input of a model. */
public final class Inputs {
    private Inputs() {}

    /**
     * Checks that an input fits a model.
     *
     * @param x the input
     * @param model the model
     * @throws IllegalArgumentException if it is no matrix {@code [n, inputSize]} of the model's type with n ≥ 1
     */
    public static void require(INDArray x, Model model) {
        if (x.rank() != 2 || x.size(0) < 1 || x.size(1) != model.inputSize() || x.dataType() != model.dataType()) {
            throw new IllegalArgumentException("input: must be a matrix [n, " + model.inputSize() + "] of "
                    + model.dataType() + " with n ≥ 1, found " + describe(x));
        }
    }

    static String describe(INDArray array) {
        return Arrays.toString(array.shape()) + " of " + array.dataType();
    }
}
