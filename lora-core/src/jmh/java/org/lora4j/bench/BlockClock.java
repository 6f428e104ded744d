package org.lora4j.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures operations in blocks of at least 20 ms, after a warm-up. The PyTorch side measures in the same way; see
 * timing.py.
 */
final class BlockClock {
    private static final double BLOCK_NANOS = 20e6;

    private final double warmNanos;
    private final double nanos;
    private final OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private final List<Double> blocks = new ArrayList<>();
    private final long begin = System.nanoTime();
    private long warmOperations;
    private long perBlock;
    private long inBlock;
    private long measureBegin;
    private long blockBegin;
    private long cpuBegin;
    private long cpuEnd;

    BlockClock(double warmSeconds, double seconds) {
        warmNanos = warmSeconds * 1e9;
        nanos = seconds * 1e9;
    }

    /** Counts a finished operation. Returns true if the caller is to run another one. */
    boolean tick() {
        if (perBlock > 0 && ++inBlock < perBlock) {
            return true;
        }
        long now = System.nanoTime();
        if (perBlock == 0) {
            warmOperations++;
            if (now - begin >= warmNanos) {
                double each = (now - begin) / (double) warmOperations;
                perBlock = Math.max(1, (long) Math.ceil(BLOCK_NANOS / each));
                cpuBegin = system.getProcessCpuTime();
                measureBegin = System.nanoTime();
                blockBegin = measureBegin;
            }
            return true;
        }
        blocks.add((now - blockBegin) / (double) perBlock);
        inBlock = 0;
        blockBegin = now;
        cpuEnd = system.getProcessCpuTime();
        return now - measureBegin < nanos;
    }

    /** Returns the mean processor time of one operation in nanoseconds, that of all threads of this process. */
    double cpu() {
        return (cpuEnd - cpuBegin) / (double) (blocks.size() * perBlock);
    }

    /** Returns the nanoseconds of one operation in the median block. */
    double median() {
        List<Double> sorted = blocks.stream().sorted().toList();
        int half = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
    }
}
