package org.lora4j.nn;

import org.nd4j.linalg.factory.Nd4j;

/** The native memory of all arrays of the process. */
public final class NativeBytes {
    private static final int STEADY = 5;
    private static final long WAIT_MILLIS = 20;

    private NativeBytes() {}

    /** The bytes of now, after those of arrays that nobody has any more were released. */
    public static long used() {
        long last = -1;
        int same = 0;
        while (same < STEADY) {
            System.gc();
            try {
                Thread.sleep(WAIT_MILLIS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            long now = Nd4j.getEnvironment().getDeviceCouner(0);
            same = now == last ? same + 1 : 0;
            last = now;
        }
        return last;
    }
}
