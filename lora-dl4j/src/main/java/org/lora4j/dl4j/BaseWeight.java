package org.lora4j.dl4j;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.LayerKind;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A weight of a DL4J layer, as adapters see it.
 *
 * @param path its module path
 * @param kind what the layer computes with it
 * @param parameter the key of the weight in DL4J's layer
 * @param biasParameter the key of the bias that belongs to it, or null
 * @param weight the original in the shape of the kind, a view of DL4J's array
 * @param bias the original bias {@code [out]}, a view of DL4J's array, or null
 * @param parameterShape the shape of DL4J's array
 * @param view sees an array of DL4J's shape in the shape of the kind, without a copy
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared, and not shared.
record BaseWeight(
        String path,
        LayerKind kind,
        String parameter,
        @Nullable String biasParameter,
        INDArray weight,
        @Nullable INDArray bias,
        long[] parameterShape,
        UnaryOperator<INDArray> view)
        implements BaseLayer {

    /** The same array as a matrix {@code [out, in]}; a copy where no view is possible. */
    INDArray matrix(INDArray parameterArray) {
        return kind.asMatrix(view.apply(parameterArray));
    }
}
