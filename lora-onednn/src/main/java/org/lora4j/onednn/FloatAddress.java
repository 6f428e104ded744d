package org.lora4j.onednn;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** The address of floats, which is set anew for each call, so that a call creates no native objects. */
final class FloatAddress extends FloatPointer {
    FloatAddress() {
        super((Pointer) null);
    }

    FloatAddress set(long newAddress) {
        address = newAddress;
        return this;
    }
}
