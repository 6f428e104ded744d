package org.lora4j.train;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayBits;
import org.lora4j.nn.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A batch of token sequences with their labels, for models that take sequences.
 *
 * @param sequences the sequences
 * @param labels the labels {@code [n, outputSize]}, or {@code [n, t]} for {@link Loss#nextToken}; null for a loss that needs none
 */
public record SequenceBatch(Sequences sequences, @Nullable INDArray labels) {
    /**
     * Checks that there are sequences.
     *
     * @param sequences the sequences
     * @param labels the labels, or null
     */
    public SequenceBatch {
        Objects.requireNonNull(sequences, "sequences must not be null");
    }

    /**
     * Creates a batch of pairs without labels, for {@link Loss#inBatchNegatives}.
     *
     * @param anchors n sequences, such as questions
     * @param positives the sequence that belongs to each of them, such as its answer
     * @return a batch of {@code 2n} sequences: the anchors, then the positives
     * @throws IllegalArgumentException if their numbers differ
     */
    public static SequenceBatch ofPairs(Sequences anchors, Sequences positives) {
        Objects.requireNonNull(anchors, "anchors must not be null");
        Objects.requireNonNull(positives, "positives must not be null");
        if (anchors.count() != positives.count()) {
            throw new IllegalArgumentException("pairs: there must be a positive for each of the " + anchors.count()
                    + " anchors, found " + positives.count());
        }
        return new SequenceBatch(Sequences.concat(List.of(anchors, positives)), null);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof SequenceBatch that
                && sequences.equals(that.sequences)
                && ArrayBits.equal(labels, that.labels);
    }

    @Override
    public int hashCode() {
        return Objects.hash(sequences, ArrayBits.hash(labels));
    }

    @Override
    public String toString() {
        return "SequenceBatch[" + sequences + ", labels " + ArrayBits.describe(labels) + "]";
    }
}
