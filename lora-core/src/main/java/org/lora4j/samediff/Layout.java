package org.lora4j.samediff;

import org.nd4j.linalg.api.ndarray.INDArray;

/** How a variable of a graph stores a weight, compared with the shapes of {@link org.lora4j.adapter.LayerKind}. */
enum Layout {
    /** As the library has it: {@code [out, in]}, {@code [vocab, dim]} or {@code [out, in, kh, kw]}. */
    SAME,
    /** {@code [in, out]}, or the A of an embedding as {@code [vocab, r]}. */
    TRANSPOSED(1, 0),
    /** The kernel of a convolution as {@code [kh, kw, in, out]}. */
    YXIO(3, 2, 0, 1),
    /** The kernel of a convolution as {@code [out, kh, kw, in]}. */
    OYXI(0, 3, 1, 2);

    /** Which dimension of the stored array is dimension i of the library's. */
    @SuppressWarnings("ImmutableEnumChecker") // never written to
    private final int[] dimensions;

    Layout(int... dimensions) {
        this.dimensions = dimensions;
    }

    /** A view of a stored array in the library's shape. */
    INDArray fromGraph(INDArray stored) {
        return this == SAME ? stored : stored.permute(dimensions);
    }

    /** A new array in 'c' order in the shape of the graph. */
    INDArray toGraph(INDArray array) {
        if (this == SAME) {
            return array.dup('c');
        }
        int[] inverse = new int[dimensions.length];
        for (int i = 0; i < inverse.length; i++) {
            inverse[dimensions[i]] = i;
        }
        return array.permute(inverse).dup('c');
    }
}
