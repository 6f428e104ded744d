package org.lora4j.spark.internal.train;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;

/**
 * How many tokens of each batch lie before those of a worker. The random numbers of dropout depend on the place of a token in
 * its batch.
 */
final class TokenCounts implements Serializable {
    private static final long serialVersionUID = 1L;

    /** By worker and batch. */
    private final int[][] before;

    private TokenCounts(int[][] before) {
        this.before = before;
    }

    /** Adds up the tokens of the workers, in their order. */
    static TokenCounts of(List<ShardSize> workers) {
        int batches = workers.stream()
                .mapToInt(worker -> worker.tokens().length)
                .max()
                .orElse(0);
        int[][] before = new int[workers.size()][];
        int[] sums = new int[batches];
        for (int i = 0; i < before.length; i++) {
            before[i] = sums.clone();
            int[] own = workers.get(i).tokens();
            Arrays.setAll(sums, batch -> sums[batch] + (batch < own.length ? own[batch] : 0));
        }
        return new TokenCounts(before);
    }

    /** The tokens of a batch before those of a worker; 0 if the rows are features. */
    int before(int worker, long batch) {
        return before[worker].length == 0 ? 0 : before[worker][(int) batch];
    }
}
