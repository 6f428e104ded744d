package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.Relu;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code y = max(x, 0)}. The gradient passes where the output is positive, so the input need not be kept. */
final class ReluPass implements LayerPass {
    private final @Nullable BatchBuffer outputs;
    private final BatchBuffer masks;
    private final Relu relu = new Relu();
    private @Nullable INDArray output;

    /**
     * Creates a pass.
     *
     * @param order the memory order of the batches that it computes
     * @param inPlace whether the input may be overwritten with the output
     */
    ReluPass(DataType dataType, long size, char order, boolean inPlace) {
        outputs = inPlace ? null : new BatchBuffer(dataType, size, order);
        masks = new BatchBuffer(dataType, size, order);
    }

    @Override
    public boolean readsOutput() {
        return true;
    }

    @Override
    public INDArray forward(INDArray x) {
        INDArray y = outputs == null ? x : outputs.rows(x.size(0));
        relu.forward(x, y);
        output = y;
        return y;
    }

    @Override
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        return wantsInput ? inputGradient(yGradient) : null;
    }

    private INDArray inputGradient(INDArray yGradient) {
        if (output == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        INDArray xGradient = masks.rows(yGradient.size(0));
        relu.backward(output, yGradient, xGradient);
        return xGradient;
    }
}
