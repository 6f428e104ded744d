package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Normalize;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Division of each row by its norm. */
final class NormalizePass<A> implements LayerPass {
    private final RowMath<A> math;
    private final Scratch scratch;
    private final BatchBuffer outputs;
    private final int width;
    private final A row;
    private final A gradient;
    private double[] norms = new double[0];
    private @Nullable INDArray output;

    NormalizePass(long size, RowMath<A> math, PassResources resources) {
        this.math = math;
        scratch = resources.scratch();
        outputs = new BatchBuffer(resources.dataType(), size, resources.order());
        width = Math.toIntExact(size);
        row = math.array(width);
        gradient = math.array(width);
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        int n = Math.toIntExact(x.size(0));
        if (norms.length < n) {
            norms = new double[n];
        }
        INDArray y = outputs.rows(n);
        ArrayMemory inputs = new ArrayMemory(x);
        ArrayMemory results = new ArrayMemory(y);
        for (int i = 0; i < n; i++) {
            math.read(inputs, i * width, row, width);
            norms[i] = Math.max(Math.sqrt(math.dot(row, row, width)), Normalize.SMALLEST_NORM);
            math.scale(1 / norms[i], row, width);
            math.write(results, i * width, row, width);
        }
        output = y;
        return y;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (output == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        if (!wantsInput) {
            return null;
        }
        int n = Math.toIntExact(yGradient.size(0));
        INDArray xGradient = scratch.take(n, width);
        ArrayMemory rows = new ArrayMemory(output);
        ArrayMemory given = new ArrayMemory(yGradient);
        ArrayMemory results = new ArrayMemory(xGradient);
        for (int i = 0; i < n; i++) {
            math.read(rows, i * width, row, width);
            math.read(given, i * width, gradient, width);
            math.addScaled(-math.dot(row, gradient, width), row, gradient, width);
            math.scale(1 / norms[i], gradient, width);
            math.write(results, i * width, gradient, width);
        }
        return xGradient;
    }
}
