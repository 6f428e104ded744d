package org.lora4j.cli.train;

import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.train.Batch;

/** The examples of a training or of its validation, as tokens. */
public interface Examples {
    /** No examples. */
    Examples NONE = new Examples() {
        @Override
        public int size() {
            return 0;
        }

        @Override
        public int length(int example) {
            throw new IndexOutOfBoundsException(example);
        }

        @Override
        public Batch batch(int... indices) {
            throw new IllegalStateException("there must be examples for a batch, found none");
        }

        @Override
        public int contentHash() {
            return 0;
        }
    };

    /**
     * Returns the number of examples.
     *
     * @return at least 0
     */
    int size();

    /**
     * Returns the length of an example.
     *
     * @param example its index
     * @return its tokens
     */
    int length(int example);

    /**
     * Returns some of the examples as a batch.
     *
     * @param indices the examples
     * @return the batch
     */
    Batch batch(int... indices);

    /**
     * Returns a hash of what a training sees.
     *
     * @return the hash of tokens and labels
     */
    int contentHash();

    /**
     * Returns the length of each example.
     *
     * @return their tokens
     */
    default List<Integer> lengths() {
        return IntStream.range(0, size()).mapToObj(this::length).toList();
    }

    /**
     * Returns the length of all examples.
     *
     * @return their tokens
     */
    default long tokens() {
        return IntStream.range(0, size()).mapToLong(this::length).sum();
    }

    /**
     * Returns all examples as batches, in their order.
     *
     * @param size the examples of a batch; the last one can have fewer
     * @return the batches
     */
    default List<Batch> batches(int size) {
        return IntStream.iterate(0, from -> from < size(), from -> from + size)
                .mapToObj(from -> batch(
                        IntStream.range(from, Math.min(size(), from + size)).toArray()))
                .toList();
    }

    /**
     * Returns the batch of the longest examples.
     *
     * @param size the examples of the batch
     * @return the batch
     */
    default Batch longest(int size) {
        return batch(IntStream.range(0, size())
                .boxed()
                .sorted((i, j) -> Integer.compare(length(j), length(i)))
                .limit(size)
                .mapToInt(Integer::intValue)
                .toArray());
    }
}
