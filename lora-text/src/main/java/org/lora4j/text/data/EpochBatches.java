package org.lora4j.text.data;

import java.util.Arrays;
import java.util.Iterator;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.lora4j.train.Batch;

/** Batches of examples in a random order. Each iterator is an epoch with an order of its own. */
public final class EpochBatches implements Iterable<Batch> {
    private final int[] order;
    private final int batchSize;
    private final SplittableRandom random;
    private final Function<int[], Batch> batch;

    /**
     * Creates the batches.
     *
     * @param size the number of examples
     * @param batchSize the number of examples in a batch; the last one of an epoch can have fewer
     * @param seed the seed of the orders
     * @param batch makes a batch of the examples with these indices
     */
    public EpochBatches(int size, int batchSize, long seed, Function<int[], Batch> batch) {
        this.order = IntStream.range(0, size).toArray();
        this.batchSize = batchSize;
        this.random = new SplittableRandom(seed);
        this.batch = batch;
    }

    /**
     * Starts the next epoch.
     *
     * @return its batches, in another order than those of the epoch before; each is made when it is asked for
     */
    @Override
    public Iterator<Batch> iterator() {
        shuffle();
        return IntStream.iterate(0, from -> from < order.length, from -> from + batchSize)
                .mapToObj(from -> Arrays.copyOfRange(order, from, Math.min(order.length, from + batchSize)))
                .map(batch)
                .iterator();
    }

    private void shuffle() {
        for (int i = order.length - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
    }
}
