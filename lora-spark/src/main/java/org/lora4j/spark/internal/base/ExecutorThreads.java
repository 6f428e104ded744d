package org.lora4j.spark.internal.base;

import org.apache.spark.SparkEnv;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.NativeThreads;

/**
 * Gives each task of an executor the threads of its processors. Otherwise each task would use all processors of the machine.
 * In local mode nothing changes, because the process is the user's.
 */
public final class ExecutorThreads {
    private static @Nullable NativeThreads limited;

    private ExecutorThreads() {}

    public static synchronized void limit() {
        SparkEnv env = SparkEnv.get();
        if (limited == null && env != null && !env.executorId().equals("driver")) {
            // For the life of the executor.
            limited = NativeThreads.forBlas(env.conf().getInt("spark.task.cpus", 1));
        }
    }
}
