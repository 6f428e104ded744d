package org.lora4j.serve;

import java.util.concurrent.atomic.AtomicInteger;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The output of a batch. Each call takes a copy of its own rows; the last one frees the memory of the batch. */
final class BatchOutput {
    private final INDArray y;
    private final AtomicInteger remaining;

    /**
     * Creates an output.
     *
     * @param y the output {@code [n, outputSize]} in 'c' order, which nobody else uses
     * @param calls how often {@link #take} will be called
     */
    BatchOutput(INDArray y, int calls) {
        this.y = y;
        remaining = new AtomicInteger(calls);
    }

    /** Returns some rows as an array of their own, which belongs to no workspace. */
    INDArray take(int from, int rows) {
        if (rows == y.size(0)) {
            return y;
        }
        INDArray own = Nd4j.createUninitializedDetached(y.dataType(), 'c', rows, y.size(1));
        int width = (int) y.size(1);
        new ArrayMemory(y).copy(from * width, new ArrayMemory(own), 0, rows * width);
        if (remaining.decrementAndGet() == 0) {
            y.close();
        }
        return own;
    }
}
