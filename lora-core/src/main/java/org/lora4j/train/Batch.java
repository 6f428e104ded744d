package org.lora4j.train;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A batch of examples with their labels: rows of features, or sequences of tokens.
 *
 * <pre>{@code
 * Batch texts = new Batch(Sequences.of(ids), labels);
 * Batch rows = new Batch(Input.of(x), labels);
 * }</pre>
 *
 * @param input rows of features {@code [n, inputSize]}, or n sequences; not copied
 * @param labels the labels, in the shape of the output, or as the loss takes them; null for a loss that needs none
 */
public record Batch(Input input, @Nullable INDArray labels) {
    /**
     * Checks that there is an input.
     *
     * @param input rows or sequences
     * @param labels the labels, or null
     */
    public Batch {
        Objects.requireNonNull(input, "input must not be null");
    }

    /**
     * Returns the rows of a data set as a batch, for example of a list: {@code list.stream().map(Batch::of).toList()}.
     *
     * @param rows features {@code [n, in]}, labels {@code [n, out]}, without masks; not copied
     * @return the batch
     * @throws IllegalArgumentException if there is a mask
     */
    public static Batch of(DataSet rows) {
        Objects.requireNonNull(rows, "rows must not be null");
        if (rows.getFeaturesMaskArray() != null || rows.getLabelsMaskArray() != null) {
            throw BatchReader.maskOfRows();
        }
        return new Batch(Input.of(rows.getFeatures()), rows.getLabels());
    }

    /**
     * Creates a batch of pairs without labels, for {@link Loss#inBatchNegatives}.
     *
     * @param anchors n sequences, such as questions
     * @param positives the sequence that belongs to each of them, such as its answer
     * @return a batch of {@code 2n} sequences: the anchors, then the positives
     * @throws IllegalArgumentException if their numbers differ
     */
    public static Batch ofPairs(Sequences anchors, Sequences positives) {
        Objects.requireNonNull(anchors, "anchors must not be null");
        Objects.requireNonNull(positives, "positives must not be null");
        if (anchors.count() != positives.count()) {
            throw new IllegalArgumentException("pairs: there must be a positive for each of the " + anchors.count()
                    + " anchors, found " + positives.count());
        }
        return new Batch(Sequences.concat(List.of(anchors, positives)), null);
    }

    /**
     * Creates a batch of triples without labels, for {@link Loss#inBatchNegatives(double, int)} with one negative for each
     * anchor.
     *
     * @param anchors n sequences, such as questions
     * @param positives the sequence that belongs to each of them, such as its answer
     * @param negatives a sequence for each of them that does not belong to it
     * @return a batch of {@code 3n} sequences: the anchors, the positives, the negatives
     * @throws IllegalArgumentException if their numbers differ
     */
    public static Batch ofTriples(Sequences anchors, Sequences positives, Sequences negatives) {
        Objects.requireNonNull(anchors, "anchors must not be null");
        Objects.requireNonNull(positives, "positives must not be null");
        Objects.requireNonNull(negatives, "negatives must not be null");
        if (anchors.count() != positives.count() || anchors.count() != negatives.count()) {
            throw new IllegalArgumentException("triples: there must be a positive and a negative for each of the "
                    + anchors.count() + " anchors, found " + positives.count() + " and " + negatives.count());
        }
        return new Batch(Sequences.concat(List.of(anchors, positives, negatives)), null);
    }

    /**
     * Returns this batch of pairs or triples with all texts that belong to an anchor, for {@link Loss#inBatchNegatives}. Those of
     * other pairs of the batch are no negatives of the anchor then, such as a second answer to the same question.
     *
     * @param belongs {@code [n][m]}: whether the candidate j belongs to the anchor i. The candidates are the positives, then the
     *     negatives; the positive i belongs to the anchor i whatever this says
     * @return a new batch with the same input
     * @throws IllegalArgumentException if there is no anchor, or the rows have different lengths
     */
    public Batch withPositives(boolean[][] belongs) {
        Objects.requireNonNull(belongs, "belongs must not be null");
        if (belongs.length == 0 || Arrays.stream(belongs).anyMatch(row -> row.length != belongs[0].length)) {
            throw new IllegalArgumentException("belongs: must have a row of the same length for each of at least one"
                    + " anchor, found "
                    + Arrays.toString(
                            Arrays.stream(belongs).mapToInt(row -> row.length).toArray()));
        }
        return new Batch(input, Nd4j.createFromArray(belongs));
    }

    /**
     * Creates a batch of preferences, for {@link PreferenceLoss}. Its labels {@code [2n]} are the log probabilities of the
     * reference; {@link PreferenceLoss.AnswerLogProbabilities} computes them.
     *
     * @param chosen n sequences, each a {@linkplain Sequences#withPrompts prompt} and the answer that is to be preferred
     * @param rejected the same prompts with the other answers
     * @param referenceOfChosen the log probability of each chosen answer under the reference, the sum over its tokens
     * @param referenceOfRejected that of each rejected answer
     * @return a batch of {@code 2n} sequences: the chosen ones, then the rejected ones
     * @throws IllegalArgumentException if the numbers of sequences or of log probabilities differ, or a log probability is not
     *     finite
     */
    public static Batch ofPreferences(
            Sequences chosen, Sequences rejected, double[] referenceOfChosen, double[] referenceOfRejected) {
        Objects.requireNonNull(chosen, "chosen must not be null");
        Objects.requireNonNull(rejected, "rejected must not be null");
        Objects.requireNonNull(referenceOfChosen, "referenceOfChosen must not be null");
        Objects.requireNonNull(referenceOfRejected, "referenceOfRejected must not be null");
        int n = chosen.count();
        if (rejected.count() != n || referenceOfChosen.length != n || referenceOfRejected.length != n) {
            throw new IllegalArgumentException(
                    "preferences: there must be a rejected answer and two log probabilities of"
                            + " the reference for each of the " + n + " chosen answers, found " + rejected.count()
                            + ", "
                            + referenceOfChosen.length + " and " + referenceOfRejected.length);
        }
        double[] reference = Arrays.copyOf(referenceOfChosen, 2 * n);
        System.arraycopy(referenceOfRejected, 0, reference, n, n);
        for (int i = 0; i < reference.length; i++) {
            if (!Double.isFinite(reference[i])) {
                throw new IllegalArgumentException(
                        "preferences: the log probabilities of the reference must be finite," + " found " + reference[i]
                                + " for the " + (i < n ? "chosen" : "rejected") + " answer " + i % n);
            }
        }
        return new Batch(Sequences.concat(List.of(chosen, rejected)), Nd4j.createFromArray(reference));
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Batch that && input.equals(that.input) && ArrayBits.equal(labels, that.labels);
    }

    @Override
    public int hashCode() {
        return Objects.hash(input, ArrayBits.hash(labels));
    }

    @Override
    public String toString() {
        return "Batch[" + input + ", labels " + ArrayBits.describe(labels) + "]";
    }
}
