package org.lora4j.onednn;

import org.lora4j.internal.Backend;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * The threads of OpenMP, whose library oneDNN shares with ND4J. A call of oneDNN has one: they wait actively for each other,
 * so that several of them are many times slower than one where other programs use the processors. The number is a setting of
 * the calling thread.
 */
final class OpenMp {
    private final NativeOps operations;

    OpenMp() {
        // Without it, the holder has no operations.
        Backend.require();
        operations = NativeOpsHolder.getInstance().getDeviceNativeOps();
    }

    /** Gives the calling thread one thread of OpenMP, and returns how many it had. */
    int enter() {
        int before = operations.ompGetMaxThreads();
        if (before != 1) {
            operations.setOmpNumThreads(1);
        }
        return before;
    }

    /** Gives the calling thread back what it had. */
    void leave(int before) {
        if (before != 1) {
            operations.setOmpNumThreads(before);
        }
    }
}
