package org.lora4j.nn.transformer;

import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Where {@link ModelParts} takes tensors from, by their plain names. */
interface Tensors {
    /**
     * Returns a matrix {@code [rows, columns]} as a parameter.
     *
     * @param parameter the name of the parameter
     * @param name the plain name of the tensor
     * @param isTransposed whether files hold it as {@code [columns, rows]}
     */
    Parameter matrix(String parameter, String name, long rows, long columns, boolean isTransposed);

    /** Returns a vector. */
    INDArray vector(String name, long length);

    /** Returns how many rows a matrix has that has one for each label. */
    long labels(String name);
}
