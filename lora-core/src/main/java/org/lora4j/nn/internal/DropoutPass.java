package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.LayerSeed;
import org.lora4j.internal.RowMath;
import org.lora4j.internal.StepSeed;
import org.lora4j.nn.Dropout;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Dropout in training. It keeps no mask: the same seed draws the same again for the gradient. */
final class DropoutPass<A> implements LayerPass {
    private final RowMath<A> math;
    private final PassResources resources;
    private final Scratch scratch;
    private final @Nullable BatchBuffer outputs;
    private final double probability;
    private final long seed;
    private final int width;
    private final A row;
    private long stepSeed;

    DropoutPass(Dropout layer, long size, boolean inputIsBuffer, RowMath<A> math, PassResources resources) {
        this.math = math;
        this.resources = resources;
        scratch = resources.scratch();
        outputs = inputIsBuffer ? null : new BatchBuffer(resources.dataType(), size, resources.order());
        probability = layer.probability();
        seed = LayerSeed.of(layer.seed(), layer.path());
        width = Math.toIntExact(size);
        row = math.array(width);
    }

    @Override
    public INDArray forward(INDArray x) {
        stepSeed = StepSeed.of(seed, resources.step().number());
        INDArray y = outputs == null ? x : outputs.rows(x.size(0));
        drop(x, y);
        return y;
    }

    @Override
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        if (!wantsInput) {
            return null;
        }
        INDArray xGradient = scratch.take(yGradient.size(0), width);
        drop(yGradient, xGradient);
        return xGradient;
    }

    private void drop(INDArray from, INDArray to) {
        ArrayMemory source = new ArrayMemory(from);
        ArrayMemory target = new ArrayMemory(to);
        int n = Rows.count(from);
        long before = resources.rowsBefore();
        for (int i = 0; i < n; i++) {
            math.read(source, i * width, row, width);
            math.dropout(row, probability, StepSeed.ofRow(stepSeed, before + i), width);
            math.write(target, i * width, row, width);
        }
    }
}
