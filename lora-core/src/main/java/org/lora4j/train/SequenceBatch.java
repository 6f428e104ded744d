package org.lora4j.train;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayBits;
import org.lora4j.nn.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A batch of token sequences with their labels, for models that take sequences.
 *
 * @param sequences the sequences
 * @param labels the labels {@code [n, outputSize]}; null for a loss that needs none
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
