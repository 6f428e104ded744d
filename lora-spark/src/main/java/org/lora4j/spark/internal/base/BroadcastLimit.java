package org.lora4j.spark.internal.base;

import org.apache.spark.api.java.JavaSparkContext;

/**
 * How many bytes of a base can be sent. A larger one is not sent: each executor reads it from its path. This is known before a
 * job, and before the driver reads the file.
 */
public final class BroadcastLimit {
    private BroadcastLimit() {}

    /** A broadcast needs the bytes of an array of Java, and twice of them on the heap: as an array, and as blocks. */
    public static long of(JavaSparkContext spark) {
        long executor =
                spark.isLocal() ? Long.MAX_VALUE : spark.getConf().getSizeAsBytes("spark.executor.memory", "1g");
        return of(Runtime.getRuntime().maxMemory(), executor);
    }

    /**
     * The most bytes to send.
     *
     * @param driver the bytes of the heap of the driver
     * @param executor the bytes of the heap of an executor
     */
    public static long of(long driver, long executor) {
        return Math.min(SentFile.MOST_BYTES, Math.min(driver, executor) / 2);
    }
}
