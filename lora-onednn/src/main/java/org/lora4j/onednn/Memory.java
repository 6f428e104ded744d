package org.lora4j.onednn;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
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
