package org.lora4j.text.data;

import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.lora4j.train.Batch;

/** Batches of examples in a random order. Each iterator is an epoch with an order of its own. */
public final class EpochBatches implements Iterable<Batch> {
    private final int[] order;
    private final int batchSize;
    private final SplittableRandom random;
    private final IntFunction<? extends Collection<String>> texts;
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
        this(size, batchSize, seed, index -> List.of(), batch);
    }

    private EpochBatches(
            int size,
            int batchSize,
            long seed,
            IntFunction<? extends Collection<String>> texts,
            Function<int[], Batch> batch) {
        this.order = IntStream.range(0, size).toArray();
        this.batchSize = batchSize;
        this.random = new SplittableRandom(seed);
        this.texts = Objects.requireNonNull(texts, "texts must not be null");
        this.batch = batch;
    }

    /**
     * Creates batches whose examples share no text, as far as that is possible: an example that does not fit moves to a later batch, and
     * the number of batches stays the same. This is {@code no_duplicates} of sentence-transformers, for losses with negatives of the
     * batch. Without equal texts, the batches are those of the constructor.
     *
     * @param size the number of examples
     * @param batchSize the number of examples in a batch; the last one of an epoch can have fewer
     * @param seed the seed of the orders
     * @param texts the texts of the example with an index; nothing of them is kept but hashes
     * @param batch makes a batch of the examples with these indices
     * @return the batches
     */
    public static EpochBatches distinct(
            int size,
            int batchSize,
            long seed,
            IntFunction<? extends Collection<String>> texts,
            Function<int[], Batch> batch) {
        return new EpochBatches(size, batchSize, seed, texts, batch);
    }

    /**
     * Starts the next epoch.
     *
     * @return its batches, in another order than those of the epoch before; each is made when it is asked for
     */
    @Override
    public Iterator<Batch> iterator() {
        shuffle();
        Iterator<Integer> indices = IntStream.of(order).iterator();
        DistinctFill<Integer> fill =
                new DistinctFill<>(() -> indices.hasNext() ? indices.next() : null, index -> texts.apply(index));
        return IntStream.iterate(0, from -> from < order.length, from -> from + batchSize)
                .mapToObj(from -> fill.next(batchSize).stream()
                        .mapToInt(Integer::intValue)
                        .toArray())
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
