package org.lora4j.internal.memory;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Reads and writes the native memory of an array of BFLOAT16, INT8 or INT32 as shorts, bytes or ints. As {@link ArrayMemory}
 * does, it keeps the array alive.
 */
public final class CodeMemory {
    private final INDArray array;
    private final ByteBuffer bytes;
    private final ShortBuffer shorts;
    private final IntBuffer ints;

    /**
     * Opens the memory of an array.
     *
     * @param array in 'c' order, no view, of at most 2<sup>31</sup> − 1 bytes
     */
    public CodeMemory(INDArray array) {
        this.array = array;
        int length = Math.toIntExact(array.length() * array.data().getElementSize());
        bytes = array.data().asNio().slice(0, length);
        shorts = bytes.order(ByteOrder.nativeOrder()).asShortBuffer();
        ints = bytes.order(ByteOrder.nativeOrder()).asIntBuffer();
    }

    /**
     * Copies shorts from the memory.
     *
     * @param position the first position
     * @param target gets the elements
     * @param length the number of elements
     */
    public void get(int position, short[] target, int length) {
        try {
            shorts.get(position, target, 0, length);
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Copies shorts to the memory.
     *
     * @param position the first position
     * @param source holds the elements
     * @param length the number of elements
     */
    public void put(int position, short[] source, int length) {
        try {
            shorts.put(position, source, 0, length);
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Copies bytes from the memory.
     *
     * @param position the first position
     * @param target gets the elements
     * @param length the number of elements
     */
    public void get(int position, byte[] target, int length) {
        try {
            bytes.get(position, target, 0, length);
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Copies bytes to the memory.
     *
     * @param position the first position
     * @param source holds the elements
     * @param length the number of elements
     */
    public void put(int position, byte[] source, int length) {
        try {
            bytes.put(position, source, 0, length);
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Returns an int of the memory.
     *
     * @param position its position
     * @return the int
     */
    public int get(int position) {
        try {
            return ints.get(position);
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Copies ints from the memory.
     *
     * @param position the first position
     * @param target gets the elements
     * @param length the number of elements
     */
    public void get(int position, int[] target, int length) {
        try {
            ints.get(position, target, 0, length);
        } finally {
            Reference.reachabilityFence(array);
        }
    }

    /**
     * Copies ints to the memory.
     *
     * @param position the first position
     * @param source holds the elements
     * @param length the number of elements
     */
    public void put(int position, int[] source, int length) {
        try {
            ints.put(position, source, 0, length);
        } finally {
            Reference.reachabilityFence(array);
        }
    }
}
