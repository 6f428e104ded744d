package org.lora4j.nn.internal;

import org.lora4j.internal.RowMath;

/**
 * Numbers on the heap, whose array is as long as the longest so far.
 *
 * @param <A> float[] or double[]
 */
final class HeapBuffer<A> {
    private final RowMath<A> math;
    private A array;

    HeapBuffer(RowMath<A> math) {
        this.math = math;
        array = math.array(0);
    }

    /** Makes room for some numbers. What the array holds is undefined then. */
    void reserve(int length) {
        if (math.length(array) < length) {
            array = math.array(length);
        }
    }

    A array() {
        return array;
    }
}
