package org.lora4j.cli.train;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.stream.IntStream;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.StoredExamples;
import org.lora4j.text.train.TrainableTask;
import org.lora4j.train.Batch;

/**
 * The examples of a training or of its validation. They are read and tokenized when a batch needs them, so a large file costs no
 * memory but a length for each of them. One thread at a time uses them.
 *
 * @param <E> an example
 */
public final class Examples<E> {
    /** Few examples are needed for an estimate, and more take long to tokenize. */
    private static final int MOST_SAMPLED = 10_000;

    private static final int AT_A_TIME = 64;

    private final TrainableTask<E, ?> task;
    private final List<E> all;
    private final int[] lengths;

    /** Creates examples of a list that may read each of them from a file, and has a hash. */
    Examples(TrainableTask<E, ?> task, List<E> all) {
        this.task = task;
        this.all = all;
        lengths = new int[all.size()];
    }

    /** Returns the examples themselves. */
    List<E> list() {
        return all;
    }

    /**
     * Returns how many there are.
     *
     * @return their number
     */
    public int size() {
        return lengths.length;
    }

    /** Returns some of the examples as a batch. */
    Batch batch(int... indices) {
        Batch batch = batchOrName(indices);
        Sequences sequences = (Sequences) batch.input();
        for (int i = 0; i < indices.length; i++) {
            int length = 0;
            // Of several sequences, there is first one of each example, then a second one.
            for (int k = i; k < sequences.count(); k += indices.length) {
                length += sequences.length(k);
            }
            lengths[indices[i]] = length;
        }
        return batch;
    }

    private Batch read(int... indices) {
        return task.batch(Arrays.stream(indices).mapToObj(all::get).toList());
    }

    private Batch batchOrName(int... indices) {
        try {
            return read(indices);
        } catch (IllegalArgumentException e) {
            // Such as a text without tokens: find it, and say where it stands.
            for (int index : indices) {
                try {
                    Batch unused = read(index);
                } catch (IllegalArgumentException ofOne) {
                    String where = all instanceof StoredExamples<?> stored ? stored.where(index) : "example " + index;
                    throw new IllegalArgumentException(where + ": " + ofOne.getMessage(), ofOne);
                }
            }
            throw e;
        }
    }

    /** Returns a hash of what a training sees: of all texts and labels, and of the tokens of the first batch. */
    int contentHash() {
        return size() == 0 ? 0 : Objects.hash(all, batch(range(0, AT_A_TIME)).input());
    }

    private int[] range(int from, int size) {
        return IntStream.range(from, Math.min(size(), from + size)).toArray();
    }

    /** Returns the tokens of the examples that were in a batch; after an epoch, these are all. */
    long tokens() {
        return Arrays.stream(lengths).asLongStream().sum();
    }

    /** Returns how many of them have as many tokens or more. */
    int countFrom(int tokens) {
        return (int) Arrays.stream(lengths).filter(length -> length >= tokens).count();
    }

    /** Returns all examples as batches, in their order, which are made while they are iterated over. */
    Iterable<Batch> batches(int size) {
        return batches(range(0, size()), size);
    }

    /**
     * Returns some of the examples as batches, in their order.
     *
     * @param most the most examples, at equal distances; all if there are fewer
     * @param size the examples of a batch; the last one can have fewer
     * @return the batches, which are made while they are iterated over
     */
    public Iterable<Batch> sampled(int most, int size) {
        return batches(sample(size(), most), size);
    }

    private Iterable<Batch> batches(int[] indices, int size) {
        return () -> IntStream.iterate(0, from -> from < indices.length, from -> from + size)
                .mapToObj(from -> batch(Arrays.copyOfRange(indices, from, Math.min(indices.length, from + size))))
                .iterator();
    }

    private static int[] sample(int size, int most) {
        int count = Math.min(size, most);
        return IntStream.range(0, count)
                .map(i -> (int) ((long) i * size / count))
                .toArray();
    }

    /**
     * Returns some of many examples at equal distances; all if there are few.
     *
     * @param all a list that may read each of them from a file
     * @param most the most examples of the sample
     * @param <E> an example
     * @return a list that reads as that one does
     */
    public static <E> List<E> sample(List<E> all, int most) {
        return all.size() <= most ? all : new Sample<>(all, sample(all.size(), most));
    }

    /** Some elements of a list. */
    private static final class Sample<E> extends AbstractList<E> implements RandomAccess {
        private final List<E> all;
        private final int[] indices;

        Sample(List<E> all, int[] indices) {
            this.all = all;
            this.indices = indices;
        }

        @Override
        public E get(int index) {
            return all.get(indices[index]);
        }

        @Override
        public int size() {
            return indices.length;
        }
    }

    /** Measures the examples, or so many of them that the others will be like them. */
    Lengths measure() {
        int[] indices = sample(size(), MOST_SAMPLED);
        for (int from = 0; from < indices.length; from += AT_A_TIME) {
            batch(Arrays.copyOfRange(indices, from, Math.min(indices.length, from + AT_A_TIME)));
        }
        return new Lengths(
                size(), indices, Arrays.stream(indices).map(i -> lengths[i]).toArray());
    }

    /** The lengths of some examples. */
    static final class Lengths {
        private final int all;
        private final int[] indices;
        private final int[] tokens;

        private Lengths(int all, int[] indices, int[] tokens) {
            this.all = all;
            this.indices = indices;
            this.tokens = tokens;
        }

        /** The tokens of all examples; about so many if only some were measured. */
        long tokens() {
            long measured = Arrays.stream(tokens).asLongStream().sum();
            return indices.length == all ? measured : Math.round((double) measured / indices.length * all);
        }

        int longest() {
            return Arrays.stream(tokens).max().orElse(0);
        }

        /** The longest examples that were measured. */
        int[] longest(int count) {
            return IntStream.range(0, indices.length)
                    .boxed()
                    .sorted((i, j) -> Integer.compare(tokens[j], tokens[i]))
                    .limit(count)
                    .mapToInt(i -> indices[i])
                    .toArray();
        }
    }
}
