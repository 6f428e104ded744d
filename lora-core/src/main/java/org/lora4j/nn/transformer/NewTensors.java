package org.lora4j.nn.transformer;

import java.util.SplittableRandom;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The tensors of a new end: matrices from {@code N(0, 0.02²)}, biases 0, and the factors of normalizations 1. Layers below that of the
 * labels are those of the file if it has them, such as the one that ModernBERT's pre-training leaves: {@code transformers} loads them too.
 */
final class NewTensors implements Tensors {
    /** Hugging Face's initializer_range. */
    private static final double INITIAL_DEVIATION = 0.02;

    private final ModelTensors stored;
    private final int labels;
    private long seed;

    /** The layer of the labels, which is new in any case. */
    private String last = "";

    /**
     * Creates the source.
     *
     * @param stored the tensors of the file
     * @param seed the seed of the first matrix; each further one has the next number
     */
    NewTensors(ModelTensors stored, int labels, long seed) {
        this.stored = stored;
        this.labels = labels;
        this.seed = seed;
    }

    @Override
    public Parameter matrix(String parameter, String name, long rows, long columns, boolean isTransposed) {
        if (isStored(name)) {
            return stored.matrix(parameter, name, rows, columns, isTransposed);
        }
        INDArray matrix =
                RandomArrays.gaussian(new SplittableRandom(seed++), INITIAL_DEVIATION, stored.type(), rows, columns);
        return new Parameter(parameter, matrix, true);
    }

    @Override
    public INDArray vector(String name, long length) {
        if (isStored(name)) {
            return stored.vector(name, length);
        }
        return name.endsWith(".bias") ? Nd4j.zeros(stored.type(), length) : Nd4j.ones(stored.type(), length);
    }

    private boolean isStored(String name) {
        return !layer(name).equals(last) && stored.contains(name);
    }

    private static String layer(String name) {
        return name.substring(0, name.lastIndexOf('.'));
    }

    @Override
    public long labels(String name) {
        if (labels < 1) {
            throw new IllegalArgumentException(layer(name) + ": there must be at least 1 label, found " + labels);
        }
        last = layer(name);
        return labels;
    }
}
