package org.lora4j.nn.transformer;

import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.RandomArrays;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Pooling;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Creates layers around the tensors of a model.
 *
 * @param tensors the tensors by their plain names
 * @param prefix what stands before the plain paths
 */
record ModelParts(ModelTensors tensors, String prefix) {
    /** Hugging Face's initializer_range. */
    private static final double INITIAL_DEVIATION = 0.02;

    private static final String SCORE = "score";

    INDArray tensor(String name) {
        return tensors.get(name);
    }

    Embedding embedding(String path, int padding) {
        return new Embedding(prefix + path, tensors.parameter(prefix + path, path + ".weight"), padding);
    }

    /** A layer with a bias if there is one. */
    Linear linear(String path) {
        return new Linear(prefix + path, tensors.parameter(prefix + path, path + ".weight"), bias(path));
    }

    private @Nullable INDArray bias(String path) {
        return tensors.contains(path + ".bias") ? tensors.get(path + ".bias") : null;
    }

    /** Whether the file has a classifier. */
    boolean hasScore() {
        return tensors.contains(SCORE + ".weight");
    }

    /**
     * The end of the file's classifier: a layer without bias on the vector of the last token, the only one that has seen all
     * others.
     */
    List<Layer> score() {
        if (!hasScore()) {
            throw new IllegalStateException(
                    "classifier: the file must have score.weight, found none; give the number of"
                            + " labels for a new one, classifier(labels, seed)");
        }
        return score(new Linear(SCORE, tensors.parameter(SCORE, SCORE + ".weight"), null));
    }

    /** The end of a new classifier. */
    List<Layer> newScore(int labels, long inputs, DataType type, long seed) {
        if (labels < 1) {
            throw new IllegalArgumentException(SCORE + ": there must be at least 1 label, found " + labels);
        }
        return score(new Linear(
                SCORE,
                RandomArrays.gaussian(new SplittableRandom(seed), INITIAL_DEVIATION, type, labels, inputs),
                null));
    }

    private List<Layer> score(Linear score) {
        return List.of(new Pooling(prefix + "last", Pooling.Method.LAST), score);
    }

    /**
     * The head of a language model: a layer that shares the table of the embedding, or one with a matrix of its own.
     *
     * @throws IllegalStateException if it has a matrix of its own, but the file does not
     */
    Linear head(boolean isTied, Embedding word) {
        if (isTied) {
            return Linear.tiedTo("lm_head", word);
        }
        if (!tensors.contains("lm_head.weight")) {
            throw new IllegalStateException("causal: the file must have lm_head.weight, since tie_word_embeddings in"
                    + " config.json is false, found none");
        }
        return new Linear("lm_head", tensors.parameter("lm_head", "lm_head.weight"), null);
    }
}
