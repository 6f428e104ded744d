package org.lora4j.cli.train;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.lora4j.train.Batch;

/**
 * The examples of a training or of its validation. They are read and tokenized when a batch needs them, so a large file costs no
 * memory but a length for each of them. One thread at a time uses them.
 */
public abstract class Examples {
    /** No examples. */
    public static final Examples NONE = new Examples(List.of()) {
        @Override
        protected Tokenized tokenize(int... indices) {
            throw new IllegalStateException("there must be examples for a batch, found none");
        }
    };

    /** Few examples are needed for an estimate, and more take long to tokenize. */
    private static final int MOST_SAMPLED = 10_000;

    private static final int AT_A_TIME = 64;

    private final List<?> texts;
    private final int[] lengths;

    /**
     * Creates examples.
     *
     * @param texts what they are made of, an element for each, with a hash
     */
    protected Examples(List<?> texts) {
        this.texts = texts;
        lengths = new int[texts.size()];
    }

    /**
     * Some examples as tokens.
     *
     * @param batch the batch
     * @param lengths the number of tokens of each of them, at least 1
     */
    public record Tokenized(Batch batch, List<Integer> lengths) {}

    /**
     * Reads and tokenizes some of the examples.
     *
     * @param indices the examples, at least one
     * @return their tokens
     */
    protected abstract Tokenized tokenize(int... indices);

    /**
     * Returns the number of examples.
     *
     * @return at least 0
     */
    public final int size() {
        return lengths.length;
    }

    /**
     * Returns some of the examples as a batch.
     *
     * @param indices the examples, at least one
     * @return the batch
     */
    public final Batch batch(int... indices) {
        Tokenized tokens = tokenizeOrName(indices);
        for (int i = 0; i < indices.length; i++) {
            lengths[indices[i]] = tokens.lengths().get(i);
        }
        return tokens.batch();
    }

    private Tokenized tokenizeOrName(int... indices) {
        try {
            return tokenize(indices);
        } catch (IllegalArgumentException e) {
            // Such as a text without tokens: find it, and say where it stands.
            for (int index : indices) {
                try {
                    tokenize(index);
                } catch (IllegalArgumentException ofOne) {
                    String where = texts instanceof StoredExamples<?> stored ? stored.where(index) : "example " + index;
                    throw new IllegalArgumentException(where + ": " + ofOne.getMessage(), ofOne);
                }
            }
            throw e;
        }
    }

    /**
     * Returns a hash of what a training sees.
     *
     * @return the hash of all texts and labels, and of the tokens of the first batch
     */
    public final int contentHash() {
        return size() == 0 ? 0 : Objects.hash(texts, batch(range(0, AT_A_TIME)).input());
    }

    private int[] range(int from, int size) {
        return IntStream.range(from, Math.min(size(), from + size)).toArray();
    }

    /**
     * Returns the length of the examples that were in a batch; after an epoch, these are all.
     *
     * @return their tokens
     */
    public final long tokens() {
        return Arrays.stream(lengths).asLongStream().sum();
    }

    /**
     * Counts long examples among those that were in a batch; after an epoch, these are all.
     *
     * @param tokens a number of tokens, at least 1
     * @return how many examples have as many or more
     */
    public final int countFrom(int tokens) {
        return (int) Arrays.stream(lengths).filter(length -> length >= tokens).count();
    }

    /**
     * Returns all examples as batches, in their order.
     *
     * @param size the examples of a batch; the last one can have fewer
     * @return the batches, which are made while they are iterated over
     */
    public final Iterable<Batch> batches(int size) {
        return () -> IntStream.iterate(0, from -> from < size(), from -> from + size)
                .mapToObj(from -> batch(range(from, size)))
                .iterator();
    }

    /**
     * Returns some of many examples at equal distances; all if there are few.
     *
     * @param size the number of examples
     * @param most the most examples of the sample
     * @return their indices, in their order
     */
    public static int[] sample(int size, int most) {
        int count = Math.min(size, most);
        return IntStream.range(0, count)
                .map(i -> (int) ((long) i * size / count))
                .toArray();
    }

    /**
     * Measures the examples, or so many of them that the others will be like them.
     *
     * @return their lengths
     */
    final Lengths measure() {
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
