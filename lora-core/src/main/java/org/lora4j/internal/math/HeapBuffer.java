package org.lora4j.internal.math;

/**
 * Numbers on the heap, whose array is as long as the longest so far.
 *
 * @param <A> float[] or double[]
 */
public final class HeapBuffer<A> {
    private final RowMath<A> math;
    private A array;

    /**
     * Creates an empty array.
     *
     * @param math the type of the numbers
     */
    public HeapBuffer(RowMath<A> math) {
        this.math = math;
        array = math.array(0);
    }

    /**
     * Makes room for some numbers. What the array holds is undefined then.
     *
     * @param length their number
     */
    public void reserve(int length) {
        if (math.length(array) < length) {
            array = math.array(length);
        }
    }

    /**
     * Returns the array.
     *
     * @return an array of at least the length of the last {@link #reserve}
     */
    public A array() {
        return array;
    }
}
