package org.lora4j.internal.math;

import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes the sum of two arrays. Not thread-safe: each pass has its own instance. */
public final class ArraySum {
    private static final ElementLoops.Function SUM = new ElementLoops.Function() {
        @Override
        public <A> void compute(RowMath<A> math, A x, A y, int n) {
            math.add(x, y, n);
        }
    };

    private final ElementLoops loops = new ElementLoops();

    /** Creates an instance without buffers. */
    public ArraySum() {}

    /**
     * Computes {@code z = x + y}.
     *
     * @param x FLOAT or DOUBLE
     * @param y an array of the same shape and type
     * @param z gets the sum, a contiguous array; can be x or y
     */
    public void run(INDArray x, INDArray y, INDArray z) {
        INDArray left = ElementLoops.haveSameOrder(x, z) ? x : x.dup(z.ordering());
        INDArray right = ElementLoops.haveSameOrder(y, z) ? y : y.dup(z.ordering());
        loops.run(left, right, z, SUM);
    }
}
