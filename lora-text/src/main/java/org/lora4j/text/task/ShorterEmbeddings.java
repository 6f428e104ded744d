package org.lora4j.text.task;

import java.util.Arrays;
import java.util.List;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.text.EncoderFolder;

/**
 * Cuts embeddings that were computed to their first numbers, for a request that asks for fewer
 * (<a href="https://arxiv.org/abs/2205.13147">arXiv:2205.13147</a>). The result is that of {@link EncoderFolder#sentenceEmbeddings}
 * with so many dimensions, up to rounding.
 */
public final class ShorterEmbeddings {
    private final int dimensions;
    private final boolean isNormalized;

    /**
     * Reads how long embeddings are, and whether they have the norm 1.
     *
     * @param network a network for sentence embeddings
     */
    public ShorterEmbeddings(Network network) {
        List<Layer> layers = network.layers();
        isNormalized = layers.get(layers.size() - 1) instanceof Normalize;
        dimensions = Math.toIntExact(network.outputSize());
    }

    /**
     * Returns the length of the whole embeddings.
     *
     * @return how many numbers an embedding has
     */
    public int dimensions() {
        return dimensions;
    }

    /**
     * Checks a length.
     *
     * @param length how many numbers embeddings get
     * @return the same number
     * @throws IllegalArgumentException if it is less than 1 or more than {@link #dimensions}
     */
    public int require(int length) {
        if (length < 1 || length > dimensions) {
            throw new IllegalArgumentException(
                    "dimensions must be between 1 and the " + dimensions + " numbers of an embedding, found " + length);
        }
        return length;
    }

    /**
     * Cuts embeddings. They have the norm 1 if the whole ones have it.
     *
     * @param embeddings the embeddings of texts; the array gets the shorter ones
     * @param length how many numbers they get
     * @return the same array
     * @throws IllegalArgumentException if the length is less than 1 or more than {@link #dimensions}
     */
    public float[][] cut(float[][] embeddings, int length) {
        if (require(length) < dimensions) {
            Arrays.setAll(embeddings, i -> cut(embeddings[i], length));
        }
        return embeddings;
    }

    private float[] cut(float[] embedding, int length) {
        float[] first = Arrays.copyOf(embedding, length);
        if (isNormalized) {
            double squares = 0;
            for (float number : first) {
                squares += (double) number * number;
            }
            double norm = Math.max(Math.sqrt(squares), Normalize.SMALLEST_NORM);
            for (int i = 0; i < length; i++) {
                first[i] = (float) (first[i] / norm);
            }
        }
        return first;
    }
}
