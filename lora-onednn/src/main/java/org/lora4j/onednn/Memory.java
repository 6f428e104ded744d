package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
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

    /** Memory is copied as a whole if so much of it is needed: one element of so many. */
    private static final int MOST_UNUSED = 4;

    private final BytePointer owner;
    private final Address start = new Address();
    private final long bytes;
    private volatile @Nullable ByteBuffer buffer;

    Memory(long bytes) {
        this.bytes = bytes;
        owner = new BytePointer(bytes + LINE);
        start.set((owner.address() + LINE - 1) / LINE * LINE);
    }

    /** Valid as long as this object is reachable. */
    Pointer start() {
        return start;
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

    /**
     * Copies elements as floats.
     *
     * @param type the type of the elements, as oneDNN numbers it: f32, bf16 or s8
     * @param firsts some positions
     * @param offsets the distances of the elements from each of them
     * @param target gets all elements of the first position, then all of the next
     * @param at where the first of them goes
     */
    void read(int type, int[] firsts, int[] offsets, float[] target, int at) {
        int begin = min(firsts) + min(offsets);
        int length = max(firsts) + max(offsets) + 1 - begin;
        boolean isDense = length <= MOST_UNUSED * (long) firsts.length * offsets.length;
        ByteBuffer all = buffer();
        try {
            if (type == dnnl_f32) {
                FloatBuffer floats = all.asFloatBuffer();
                if (isDense) {
                    float[] copy = new float[length];
                    floats.get(begin, copy);
                    pick(copy, begin, firsts, offsets, target, at);
                } else {
                    pick(floats, firsts, offsets, target, at);
                }
            } else if (type == dnnl_bf16) {
                ShortBuffer halves = all.asShortBuffer();
                if (isDense) {
                    short[] copy = new short[length];
                    halves.get(begin, copy);
                    pick(copy, begin, firsts, offsets, target, at);
                } else {
                    pick(halves, firsts, offsets, target, at);
                }
            } else if (isDense) {
                byte[] copy = new byte[length];
                all.get(begin, copy);
                pick(copy, begin, firsts, offsets, target, at);
            } else {
                pick(all, firsts, offsets, target, at);
            }
        } finally {
            // A buffer does not keep its memory alive.
            Reference.reachabilityFence(this);
        }
    }

    private static void pick(float[] source, int begin, int[] firsts, int[] offsets, float[] target, int at) {
        int next = at;
        for (int first : firsts) {
            for (int offset : offsets) {
                target[next++] = source[first + offset - begin];
            }
        }
    }

    private static void pick(FloatBuffer source, int[] firsts, int[] offsets, float[] target, int at) {
        int next = at;
        for (int first : firsts) {
            for (int offset : offsets) {
                target[next++] = source.get(first + offset);
            }
        }
    }

    private static void pick(short[] source, int begin, int[] firsts, int[] offsets, float[] target, int at) {
        int next = at;
        for (int first : firsts) {
            for (int offset : offsets) {
                target[next++] = Float.intBitsToFloat(source[first + offset - begin] << Short.SIZE);
            }
        }
    }

    private static void pick(ShortBuffer source, int[] firsts, int[] offsets, float[] target, int at) {
        int next = at;
        for (int first : firsts) {
            for (int offset : offsets) {
                target[next++] = Float.intBitsToFloat(source.get(first + offset) << Short.SIZE);
            }
        }
    }

    private static void pick(byte[] source, int begin, int[] firsts, int[] offsets, float[] target, int at) {
        int next = at;
        for (int first : firsts) {
            for (int offset : offsets) {
                target[next++] = source[first + offset - begin];
            }
        }
    }

    private static void pick(ByteBuffer source, int[] firsts, int[] offsets, float[] target, int at) {
        int next = at;
        for (int first : firsts) {
            for (int offset : offsets) {
                target[next++] = source.get(first + offset);
            }
        }
    }

    private static int min(int[] values) {
        return Arrays.stream(values).min().orElseThrow();
    }

    private static int max(int[] values) {
        return Arrays.stream(values).max().orElseThrow();
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
