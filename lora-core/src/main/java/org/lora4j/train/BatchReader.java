package org.lora4j.train;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Reads ND4J's data sets as a model takes them: as rows, or as matrices of tokens.
 *
 * @param model the model
 */
record BatchReader(Model model) {
    Batch read(DataSet data) {
        if (!model.takesSequences()) {
            return Batch.of(data);
        }
        requireNoLabelsMask(data.getLabelsMaskArray());
        return new Batch(Sequences.of(data.getFeatures(), data.getFeaturesMaskArray(), null), data.getLabels());
    }

    /** Reads tokens, then token types if there is a second array of features. */
    Batch read(MultiDataSet data) {
        INDArray[] features = data.getFeatures();
        if (features.length > 2 || data.numLabelsArrays() > 1) {
            throw new IllegalArgumentException(
                    "a batch must have at most 2 arrays of features, tokens and token types, and 1 of labels, found "
                            + features.length + " and " + data.numLabelsArrays());
        }
        requireNoLabelsMask(first(data.getLabelsMaskArrays()));
        return new Batch(
                input(features[0], first(data.getFeaturesMaskArrays()), features.length > 1 ? features[1] : null),
                data.numLabelsArrays() == 0 ? null : data.getLabels(0));
    }

    private static @Nullable INDArray first(INDArray @Nullable [] masks) {
        return masks == null || masks.length == 0 ? null : masks[0];
    }

    private Input input(INDArray x, @Nullable INDArray mask, @Nullable INDArray types) {
        if (model.takesSequences()) {
            return Sequences.of(x, mask, types);
        }
        if (mask != null || types != null) {
            throw maskOfRows();
        }
        return Input.of(x);
    }

    static IllegalArgumentException maskOfRows() {
        return new IllegalArgumentException(
                "a batch must have no masks, found one: dense networks do not use masks; remove it");
    }

    private static void requireNoLabelsMask(@Nullable INDArray mask) {
        if (mask != null) {
            throw new IllegalArgumentException("a batch must have no mask of the labels, found one of "
                    + Arrays.toString(mask.shape()) + "; remove it");
        }
    }
}
