package org.lora4j.spark.internal.train;

import java.io.Serializable;
import java.util.List;
import org.lora4j.spark.internal.rows.Inputs;

/**
 * Where the rows of a worker are in each batch. The random numbers of dropout depend on the place of a token and of a sequence in its
 * batch.
 */
final class BatchPlaces implements Serializable {
    private static final long serialVersionUID = 1L;

    private final CountsBefore tokens;
    private final CountsBefore sequences;

    /** Adds up what the workers have, in their order. */
    BatchPlaces(List<ShardSize> workers) {
        tokens = CountsBefore.of(workers.stream().map(ShardSize::tokens).toList());
        sequences = CountsBefore.of(workers.stream().map(ShardSize::sequences).toList());
    }

    /**
     * The place of a worker's rows of a batch.
     *
     * @param range the rows
     * @param number the number of the batch in the training, from 0
     * @param batch its number in the epoch
     */
    Inputs.Place of(int worker, Shard.Range range, long number, long batch) {
        return new Inputs.Place(
                number, sequences.before(worker, batch, range.before()), tokens.before(worker, batch, 0));
    }
}
