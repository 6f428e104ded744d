package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.ElementLoops;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Segments;
import org.nd4j.linalg.api.ndarray.INDArray;

/** {@code y = max(x, 0)}. The gradient passes where the output is positive, so the input need not be kept. */
final class ReluPass implements LayerPass {
    private final @Nullable BatchBuffer outputs;
    private final BatchBuffer masks;
    private final ElementLoops outputLoops = new ElementLoops();
    private final ElementLoops gradientLoops = new ElementLoops();
    private @Nullable INDArray output;

    /**
     * Creates a pass.
     *
     * @param inPlace whether the input may be overwritten with the output
     */
    ReluPass(long size, boolean inPlace, PassResources resources) {
        outputs = inPlace ? null : new BatchBuffer(resources.dataType(), size, resources.order());
        masks = new BatchBuffer(resources.dataType(), size, resources.order());
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        INDArray y = outputs == null ? x : outputs.rows(x.size(0));
        outputLoops.relu(x, y);
        output = y;
        return y;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        return wantsInput ? inputGradient(yGradient) : null;
    }

    private INDArray inputGradient(INDArray yGradient) {
        if (output == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        INDArray xGradient = masks.rows(yGradient.size(0));
        gradientLoops.reluGradient(output, yGradient, xGradient);
        return xGradient;
    }
}
