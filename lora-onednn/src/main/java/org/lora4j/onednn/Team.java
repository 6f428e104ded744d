package org.lora4j.onednn;

import org.lora4j.internal.Backend;
import org.nd4j.nativeblas.NativeOps;
import org.nd4j.nativeblas.NativeOpsHolder;

/**
 * The threads of OpenMP, whose library oneDNN shares with ND4J. The number is a setting of the calling thread. It is that of
 * the engine during a call of oneDNN, and afterwards what it was.
 */
final class Team {
    private final NativeOps openMp;
    private volatile int threads = 1;

    Team() {
        // Without it, the holder has no operations.
        Backend.require();
        openMp = NativeOpsHolder.getInstance().getDeviceNativeOps();
    }

    int threads() {
        return threads;
    }

    void setThreads(int count) {
        threads = count;
    }

    /** Sets the number of threads of the calling thread, and returns what it was. */
    int enter(int count) {
        int before = openMp.ompGetMaxThreads();
        if (before != count) {
            openMp.setOmpNumThreads(count);
        }
        return before;
    }

    void leave(int before) {
        if (openMp.ompGetMaxThreads() != before) {
            openMp.setOmpNumThreads(before);
        }
    }
}
