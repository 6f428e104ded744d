package org.lora4j.nn.internal;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.nn.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A batch in the form that a model takes: rows of features, or sequences of tokens. */
public final class Input {
    private final @Nullable INDArray rows;
    private final @Nullable Sequences sequences;

    private Input(@Nullable INDArray rows, @Nullable Sequences sequences) {
        this.rows = rows;
        this.sequences = sequences;
    }

    /** Wraps rows of features {@code [n, inputSize]}. */
    public static Input of(INDArray rows) {
        return new Input(rows, null);
    }

    /** Wraps sequences. */
    public static Input of(Sequences sequences) {
        return new Input(null, sequences);
    }

    /**
     * Reads an array as a model takes it: as rows, or as a matrix of tokens.
     *
     * @param x {@code [n, inputSize]}, or tokens {@code [n, t]}
     * @param mask 1 for each real token {@code [n, t]}, or null
     * @param types the token types {@code [n, t]}, or null
     * @param model the model
     * @return the batch
     * @throws IllegalArgumentException if there is a mask or a type for rows, or the tokens are no sequences
     */
    public static Input of(INDArray x, @Nullable INDArray mask, @Nullable INDArray types, Model model) {
        if (model.takesSequences()) {
            return of(Sequences.of(x, mask, types));
        }
        if (mask != null || types != null) {
            throw maskOfRows();
        }
        return of(x);
    }

    /** The error for a mask that a network without sequences was given. */
    public static IllegalArgumentException maskOfRows() {
        return new IllegalArgumentException(
                "a batch must have no masks, found one: dense networks do not use masks; remove it");
    }

    /** The rows of features. */
    public INDArray rows() {
        return Objects.requireNonNull(rows, "the input must be rows");
    }

    /** The sequences, or null if the input is rows. */
    public @Nullable Sequences sequences() {
        return sequences;
    }

    /** The number of rows or sequences. */
    public long count() {
        return sequences == null ? rows().size(0) : sequences.count();
    }
}
