package org.lora4j.nn.transformer;

import java.util.SplittableRandom;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The tensors of a new end: matrices from {@code N(0, 0.02²)}, biases 0, and the factors of normalizations 1. */
final class NewTensors implements Tensors {
    /** Hugging Face's initializer_range. */
    private static final double INITIAL_DEVIATION = 0.02;

    private final DataType type;
    private final int labels;
    private long seed;

    /**
     * Creates the source.
     *
     * @param seed the seed of the first matrix; each further one has the next number
     */
    NewTensors(DataType type, int labels, long seed) {
        this.type = type;
        this.labels = labels;
        this.seed = seed;
    }

    @Override
    public Parameter matrix(String parameter, String name, long rows, long columns, boolean isTransposed) {
        INDArray matrix = RandomArrays.gaussian(new SplittableRandom(seed++), INITIAL_DEVIATION, type, rows, columns);
        return new Parameter(parameter, matrix, true);
    }

    @Override
    public INDArray vector(String name, long length) {
        return name.endsWith(".bias") ? Nd4j.zeros(type, length) : Nd4j.ones(type, length);
    }

    @Override
    public long labels(String name) {
        if (labels < 1) {
            String path = name.substring(0, name.lastIndexOf('.'));
            throw new IllegalArgumentException(path + ": there must be at least 1 label, found " + labels);
        }
        return labels;
    }
}
