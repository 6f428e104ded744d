package org.lora4j.nn.transformer;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Creates layers around the tensors of a model.
 *
 * @param tensors the tensors by their plain names
 * @param prefix what stands before the plain paths
 */
record ModelParts(ModelTensors tensors, String prefix) {
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
