package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Scale;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The product with a number, in the place of the input where it may. */
final class ScalePass<A> implements LayerPass {
    private final double factor;
    private final RowMath<A> math;
    private final Scratch scratch;
    private final @Nullable BatchBuffer outputs;
    private final int width;
    private final A row;

    ScalePass(Scale layer, long size, boolean inputIsBuffer, RowMath<A> math, PassResources resources) {
        factor = layer.factor();
        this.math = math;
        scratch = resources.scratch();
        outputs = inputIsBuffer ? null : resources.buffers().rows(size);
        width = Math.toIntExact(size);
        row = math.array(width);
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        return scale(x, outputs == null ? x : outputs.rows(x.size(0)));
    }

    private INDArray scale(INDArray from, INDArray to) {
        ArrayMemory inputs = new ArrayMemory(from);
        ArrayMemory results = new ArrayMemory(to);
        for (int i = 0; i < from.size(0); i++) {
            math.read(inputs, i * width, row, width);
            math.scale(factor, row, width);
            math.write(results, i * width, row, width);
        }
        return to;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        return wantsInput ? scale(yGradient, scratch.take(yGradient.size(0), width)) : null;
    }
}
