package org.lora4j.nn;

import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Predictions from any number of threads: each call borrows a {@link Pass} and gives it back. There are never more
 * passes than there were calls at the same time.
 */
public final class Predictor {
    /** Larger inputs are computed in blocks of this many rows, so that the buffers of a pass stay small. */
    private static final int BLOCK_ROWS = 512;

    private final Supplier<Pass> newPass;
    private final Queue<Pass> idle = new ConcurrentLinkedQueue<>();

    /**
     * Makes a predictor.
     *
     * @param newPass makes an inference pass when all those made before are in use
     */
    public Predictor(Supplier<Pass> newPass) {
        this.newPass = newPass;
    }

    /**
     * Computes the output.
     *
     * @param x the input {@code [n, inputSize]}; not written to
     * @return a new array {@code [n, outputSize]} in 'c' order
     * @throws IllegalArgumentException if the shape or the type of {@code x} does not fit
     */
    public INDArray predict(INDArray x) {
        Pass pass = idle.poll();
        if (pass == null) {
            pass = newPass.get();
        }
        INDArray result = predict(x, pass);
        idle.add(pass);
        return result;
    }

    private static INDArray predict(INDArray x, Pass pass) {
        if (x.rank() != 2 || x.size(0) <= BLOCK_ROWS) {
            return pass.forward(x).dup('c');
        }
        long n = x.size(0);
        INDArray result = null;
        for (long from = 0; from < n; from += BLOCK_ROWS) {
            long to = Math.min(n, from + BLOCK_ROWS);
            INDArray y = pass.forward(
                    x.get(NDArrayIndex.interval(from, to), NDArrayIndex.all()).dup('c'));
            if (result == null) {
                result = Nd4j.createUninitializedDetached(y.dataType(), 'c', n, y.size(1));
            }
            result.get(NDArrayIndex.interval(from, to), NDArrayIndex.all()).assign(y);
        }
        return Objects.requireNonNull(result);
    }
}
