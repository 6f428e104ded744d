package org.lora4j.spark.internal.train;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/** How many tokens or sequences of each batch lie before those of a worker. */
final class CountsBefore implements Serializable {
    private static final long serialVersionUID = 1L;

    /** By worker and batch. */
    private final int[][] before;

    private CountsBefore(int[][] before) {
        this.before = before;
    }

    /**
     * Adds up the numbers of the workers, in their order.
     *
     * @param workers the number of each batch, of each worker; those of the last batches may be missing
     */
    static CountsBefore of(List<int[]> workers) {
        int batches = workers.stream().mapToInt(own -> own.length).max().orElse(0);
        int[][] before = new int[workers.size()][];
        int[] sums = new int[batches];
        for (int i = 0; i < before.length; i++) {
            before[i] = sums.clone();
            int[] own = workers.get(i);
            Arrays.setAll(sums, batch -> sums[batch] + (batch < own.length ? own[batch] : 0));
        }
        return new CountsBefore(before);
    }

    /**
     * The number of a batch before that of a worker.
     *
     * @param other what it is if no worker has numbers
     */
    long before(int worker, long batch, long other) {
        return before[worker].length == 0 ? other : before[worker][(int) batch];
    }
}
