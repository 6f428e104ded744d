package org.lora4j.nn.batch.internal;

import java.util.Arrays;
import org.lora4j.internal.ForModules;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks the input of a model. */
@ForModules
public final class Inputs {
    private Inputs() {}

    /**
     * Checks that an input fits a network.
     *
     * @param x the input
     * @param network the layers of the network
     * @throws IllegalArgumentException if it is of the other kind, or its shape, its type, a token or a length does not fit
     */
    public static void require(Input x, LayerStack network) {
        if (x instanceof Sequences sequences) {
            require(sequences, network);
        } else {
            require(rows(x), network);
        }
    }

    /**
     * Checks that an input fits a network, and that its whole output fits into one array.
     *
     * @param x the input
     * @param network the layers of the network
     * @throws IllegalArgumentException if it does not fit, or the output would have 2³¹ elements or more
     */
    public static void requirePredictable(Input x, LayerStack network) {
        require(x, network);
        if (x instanceof FeatureRows rows) {
            requireOutputFits(rows.array(), network);
        }
    }

    /**
     * Returns the rows of an input that is no sequences.
     *
     * @param x the input
     * @return {@code [n, inputSize]}, the array itself
     */
    public static INDArray rows(Input x) {
        return ((FeatureRows) x).array();
    }

    private static void require(INDArray x, LayerStack model) {
        if (model.takesSequences()) {
            throw new IllegalArgumentException("input: must be sequences of tokens, found " + describe(x)
                    + "; use Sequences.of(ids, mask, types)");
        }
        if (x.rank() != 2 || x.size(0) < 1 || x.size(1) != model.inputSize() || x.dataType() != model.dataType()) {
            throw new IllegalArgumentException("input: must be a matrix [n, " + model.inputSize() + "] of "
                    + model.dataType() + " with n ≥ 1, found " + describe(x));
        }
    }

    private static void require(Sequences x, LayerStack network) {
        if (!(network.layers().get(0) instanceof TokenEmbeddings embeddings)) {
            throw new IllegalArgumentException("input: must be a matrix [n, " + network.inputSize() + "] of "
                    + network.dataType() + ", found " + x);
        }
        long vocabulary = embeddings.word().shape()[0];
        int[] positions = embeddings.positions(x);
        int limit = embeddings.maxLength() + embeddings.firstPosition();
        Embedding type = embeddings.type();
        long types = type == null ? 1 : type.shape()[0];
        for (int row = 0; row < x.tokens(); row++) {
            if (x.id(row) >= vocabulary) {
                throw new IllegalArgumentException("input: each token must be below the vocabulary of " + vocabulary
                        + ", found " + x.id(row) + "; use the tokenizer of this model");
            }
            if (positions[row] >= limit) {
                throw new IllegalArgumentException("input: a sequence must have at most " + embeddings.maxLength()
                        + " tokens, found a token at position " + (positions[row] - embeddings.firstPosition())
                        + "; cut the texts");
            }
            if (x.type(row) >= types) {
                throw new IllegalArgumentException(
                        "input: each token type must be below " + types + ", found " + x.type(row));
            }
        }
    }

    private static void requireOutputFits(INDArray x, LayerStack model) {
        if (x.size(0) > Integer.MAX_VALUE / model.outputSize()) {
            throw new IllegalArgumentException("input: the output must have fewer than 2^31 elements, found "
                    + x.size(0) + " rows of " + model.outputSize() + " outputs; predict in several parts");
        }
    }

    /**
     * Returns an input that native products read as it is. They misread a view whose rows or columns are all the same
     * memory, with a stride of 0, as broadcasting gives it.
     *
     * @param x an input
     * @return the input, or a copy of such a view
     */
    public static INDArray withoutBroadcast(INDArray x) {
        boolean repeatsRows = x.size(0) > 1 && x.stride(0) == 0;
        boolean repeatsColumns = x.size(1) > 1 && x.stride(1) == 0;
        return repeatsRows || repeatsColumns ? x.dup('c') : x;
    }

    public static String describe(INDArray array) {
        return Arrays.toString(array.shape()) + " of " + array.dataType();
    }
}
