package org.lora4j.nn.internal;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Predictions from any number of threads: each call borrows a {@link Pass} and returns it. There are never more passes
 * than there were calls at the same time.
 */
public final class Predictor {
    /** Larger inputs are computed in blocks of this many rows, so that the buffers of a pass stay small. */
    private static final int BLOCK_ROWS = 512;

    private final Supplier<Pass> newPass;
    private final Queue<Pass> idle = new ConcurrentLinkedQueue<>();

    /**
     * Creates a predictor.
     *
     * @param newPass creates an inference pass when all others are in use
     */
    public Predictor(Supplier<Pass> newPass) {
        this.newPass = newPass;
    }

    /**
     * Computes the output with the parametrizations that the passes were created with.
     *
     * @param x the input {@code [n, inputSize]}; not written to
     * @return a new array {@code [n, outputSize]} in 'c' order
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    public INDArray predict(INDArray x) {
        Pass pass = borrow();
        pass.requireInput(x);
        INDArray y = inBlocks(x, pass::forward);
        idle.add(pass);
        return y;
    }

    /**
     * Computes the output with parametrizations chosen for this call.
     *
     * @param x the input {@code [n, inputSize]}; not written to
     * @param effective what each linear layer computes with
     * @return a new array {@code [n, outputSize]} in 'c' order
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    public INDArray predict(INDArray x, EffectiveLayers effective) {
        Pass pass = borrow();
        pass.requireInput(x);
        INDArray y = inBlocks(x, block -> pass.forward(block, effective));
        idle.add(pass);
        return y;
    }

    private Pass borrow() {
        Pass pass = idle.poll();
        return pass == null ? newPass.get() : pass;
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
