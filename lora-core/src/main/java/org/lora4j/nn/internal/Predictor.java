package org.lora4j.nn.internal;

import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.lora4j.internal.IdlePool;
import org.lora4j.nn.Input;
import org.lora4j.nn.Network;
import org.lora4j.nn.Sequences;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Predictions from any number of threads: each call borrows a {@link Pass} and returns it. There are never more passes
 * than calls at the same time, and only a few idle ones are kept.
 */
public final class Predictor {
    /** Larger inputs are computed in blocks of this many rows, so that the buffers of a pass stay small. */
    private static final int BLOCK_ROWS = 512;

    private final Network network;
    private final IdlePool<Pass> passes;

    /**
     * Creates a predictor.
     *
     * @param network the network
     * @param newPass creates an inference pass over the network when all others are in use
     */
    public Predictor(Network network, Supplier<Pass> newPass) {
        this.network = network;
        passes = new IdlePool<>(newPass);
    }

    /**
     * Computes the output with the updates that the passes were created with.
     *
     * @param x the input; not written to
     * @return a new array {@code [rows, outputSize]} in 'c' order
     * @throws IllegalArgumentException if the input does not fit
     */
    public INDArray predict(Input x) {
        return compute(x, pass -> pass::forward);
    }

    /**
     * Computes the output with updates chosen for this call.
     *
     * @param x the input; not written to
     * @param effective what each layer computes with
     * @return a new array {@code [rows, outputSize]} in 'c' order
     * @throws IllegalArgumentException if the input does not fit
     */
    public INDArray predict(Input x, EffectiveLayers effective) {
        return compute(x, pass -> block -> pass.forward(block, effective));
    }

    private INDArray compute(Input x, Function<Pass, Function<Input, INDArray>> forward) {
        Inputs.requirePredictable(x, network);
        return passes.use(pass -> {
            Function<Input, INDArray> bound = forward.apply(pass);
            return x instanceof Sequences sequences
                    ? TokenBlocks.compute(sequences, (block, from, to) -> bound.apply(block))
                    : inBlocks(Inputs.rows(x), rows -> bound.apply(Input.of(rows)));
        });
    }

    private static INDArray inBlocks(INDArray x, UnaryOperator<INDArray> forward) {
        if (x.size(0) <= BLOCK_ROWS) {
            return forward.apply(x).dup('c');
        }
        long n = x.size(0);
        INDArray first = forward.apply(rows(x, 0, BLOCK_ROWS).dup('c'));
        INDArray y = Nd4j.createUninitializedDetached(first.dataType(), 'c', n, first.size(1));
        rows(y, 0, BLOCK_ROWS).assign(first);
        for (long from = BLOCK_ROWS; from < n; from += BLOCK_ROWS) {
            long to = Math.min(n, from + BLOCK_ROWS);
            rows(y, from, to).assign(forward.apply(rows(x, from, to).dup('c')));
        }
        return y;
    }

    private static INDArray rows(INDArray matrix, long from, long to) {
        return matrix.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
    }
}
