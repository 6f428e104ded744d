package org.lora4j.train;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Input;
import org.lora4j.nn.Model;
import org.lora4j.nn.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** A batch of a training or an evaluation. */
final class Batch {
    private final @Nullable Input input;
    private final @Nullable INDArray labels;
    private final int size;

    private Batch(@Nullable Input input, @Nullable INDArray labels, int size) {
        this.input = input;
        this.labels = labels;
        this.size = size;
    }

    private Batch(Input input, @Nullable INDArray labels) {
        this(input, labels, input.count());
    }

    /** Creates a batch that a {@link GradientSource} computes, of which nothing is here but its number of examples. */
    static Batch elsewhere(int size) {
        return new Batch(null, null, size);
    }

    static Batch of(DataSet data, Model model) {
        if (!model.takesSequences() && data.getLabelsMaskArray() != null) {
            throw maskOfRows();
        }
        requireNoLabelsMask(data.getLabelsMaskArray());
        return new Batch(input(data.getFeatures(), data.getFeaturesMaskArray(), null, model), data.getLabels());
    }

    /** Reads tokens, then token types if there is a second array of features. */
    static Batch of(MultiDataSet data, Model model) {
        INDArray[] features = data.getFeatures();
        if (features.length > 2 || data.numLabelsArrays() > 1) {
            throw new IllegalArgumentException(
                    "a batch must have at most 2 arrays of features, tokens and token types, and 1 of labels, found "
                            + features.length + " and " + data.numLabelsArrays());
        }
        INDArray[] masks = data.getFeaturesMaskArrays();
        INDArray[] labelsMasks = data.getLabelsMaskArrays();
        requireNoLabelsMask(labelsMasks == null || labelsMasks.length == 0 ? null : labelsMasks[0]);
        return new Batch(
                input(
                        features[0],
                        masks == null || masks.length == 0 ? null : masks[0],
                        features.length > 1 ? features[1] : null,
                        model),
                data.numLabelsArrays() == 0 ? null : data.getLabels(0));
    }

    static Batch of(SequenceBatch data) {
        return new Batch(data.sequences(), data.labels());
    }

    /** Reads an array as a model takes it: as rows, or as a matrix of tokens. */
    private static Input input(INDArray x, @Nullable INDArray mask, @Nullable INDArray types, Model model) {
        if (model.takesSequences()) {
            return Sequences.of(x, mask, types);
        }
        if (mask != null || types != null) {
            throw maskOfRows();
        }
        return Input.of(x);
    }

    private static IllegalArgumentException maskOfRows() {
        return new IllegalArgumentException(
                "a batch must have no masks, found one: dense networks do not use masks; remove it");
    }

    private static void requireNoLabelsMask(@Nullable INDArray mask) {
        if (mask != null) {
            throw new IllegalArgumentException("a batch must have no mask of the labels, found one of "
                    + Arrays.toString(mask.shape()) + "; remove it");
        }
    }

    /** The input in the form that the model takes. */
    Input input() {
        return Objects.requireNonNull(input, "the batch must be here to be computed");
    }

    /** The labels, or null if there are none. */
    @Nullable
    INDArray labels() {
        return labels;
    }

    int size() {
        return size;
    }
}
