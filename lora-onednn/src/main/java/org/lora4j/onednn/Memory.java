package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Native memory that starts at a line of the cache. JavaCPP counts it, and releases it after this object has become
 * unreachable.
 */
final class Memory {
    private static final int LINE = 64;

    private final BytePointer owner;
    private final Address start = new Address();
    private final long bytes;
    private volatile @Nullable ByteBuffer buffer;
    private volatile @Nullable FloatBuffer floats;

    Memory(long bytes) {
        this.bytes = bytes;
        owner = new BytePointer(bytes + LINE);
        start.set((owner.address() + LINE - 1) / LINE * LINE);
    }

    /** Returns a memory of at least so many bytes: the given one, or a new one if it is smaller or null. */
    static Memory atLeast(long bytes, @Nullable Memory memory) {
        return memory == null || memory.bytes() < bytes ? new Memory(bytes) : memory;
    }

    /** Releases the memory now. Nothing may use it any more. */
    void release() {
        owner.deallocate();
    }

    /** Valid as long as this object is reachable. */
    Pointer start() {
        return start;
    }

    /** The address of {@link #start}. */
    long address() {
        return start.address();
    }

    long bytes() {
        return bytes;
    }

    /** Whether {@link #read} can reach all of it. */
    boolean isReadable() {
        return bytes <= Integer.MAX_VALUE;
    }

    private ByteBuffer buffer() {
        ByteBuffer known = buffer;
        if (known == null) {
            known = new BytePointer(start).capacity(bytes).asByteBuffer().order(ByteOrder.nativeOrder());
            buffer = known;
        }
        return known;
    }

    private FloatBuffer floats() {
        FloatBuffer known = floats;
        if (known == null) {
            known = buffer().asFloatBuffer();
            floats = known;
        }
        return known;
    }

    /**
     * Copies floats from this memory.
     *
     * @param position the first one, counted in floats
     * @param target gets them
     * @param length their number
     */
    void get(int position, float[] target, int length) {
        try {
            floats().get(position, target, 0, length);
        } finally {
            // A buffer does not keep its memory alive.
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Copies floats to this memory.
     *
     * @param position the place of the first one, counted in floats
     * @param source holds them
     * @param length their number
     */
    void put(int position, float[] source, int length) {
        try {
            floats().put(position, source, 0, length);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Writes a float.
     *
     * @param position its place, counted in floats
     */
    void put(int position, float value) {
        try {
            floats().put(position, value);
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    /**
     * Copies elements as floats.
     *
     * @param type the type of the elements, as oneDNN numbers it: f32, bf16 or s8
     * @param first a position
     * @param offsets the distances of the elements from there
     * @param target gets the elements
     */
    void read(int type, int first, int[] offsets, float[] target) {
        ByteBuffer all = buffer();
        try {
            if (type == dnnl_f32) {
                FloatBuffer numbers = floats();
                for (int i = 0; i < offsets.length; i++) {
                    target[i] = numbers.get(first + offsets[i]);
                }
            } else if (type == dnnl_bf16) {
                ShortBuffer halves = all.asShortBuffer();
                for (int i = 0; i < offsets.length; i++) {
                    target[i] = Float.intBitsToFloat(halves.get(first + offsets[i]) << Short.SIZE);
                }
            } else {
                for (int i = 0; i < offsets.length; i++) {
                    target[i] = all.get(first + offsets[i]);
                }
            }
        } finally {
            // A buffer does not keep its memory alive.
            Reference.reachabilityFence(this);
        }
    }

    /** A native address that can be changed, so that a call creates no objects. */
    static final class Address extends Pointer {
        Address() {
            super((Pointer) null);
        }

        Address set(long newAddress) {
            address = newAddress;
            return this;
        }

        /** The first element of an array of floats, which the caller keeps reachable. */
        Address set(INDArray array) {
            return set(addressOf(array));
        }
    }

    static long addressOf(INDArray array) {
        return array.data().pointer().address() + Float.BYTES * array.offset();
    }
}
