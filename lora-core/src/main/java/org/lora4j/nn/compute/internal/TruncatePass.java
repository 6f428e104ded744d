package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Truncate;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The first numbers of each row. */
final class TruncatePass<A> implements LayerPass {
    private final RowMath<A> math;
    private final Scratch scratch;
    private final BatchBuffer outputs;
    private final int width;
    private final int kept;
    private final A row;

    TruncatePass(Truncate layer, long inputSize, RowMath<A> math, PassResources resources) {
        this.math = math;
        scratch = resources.scratch();
        outputs = new BatchBuffer(resources.dataType(), layer.size(), resources.order());
        width = Math.toIntExact(inputSize);
        kept = Math.toIntExact(layer.size());
        row = math.array(width);
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        int n = Math.toIntExact(x.size(0));
        INDArray y = outputs.rows(n);
        copy(x, width, y, kept, n);
        return y;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (!wantsInput) {
            return null;
        }
        int n = Math.toIntExact(yGradient.size(0));
        INDArray xGradient = scratch.take(n, width);
        math.clear(row, width);
        copy(yGradient, kept, xGradient, width, n);
        return xGradient;
    }

    /** Copies the first numbers of each row; what follows in the rows of the result is what follows in {@link #row}. */
    private void copy(INDArray from, int fromWidth, INDArray to, int toWidth, int n) {
        ArrayMemory given = new ArrayMemory(from);
        ArrayMemory results = new ArrayMemory(to);
        for (int i = 0; i < n; i++) {
            math.read(given, i * fromWidth, row, kept);
            math.write(results, i * toWidth, row, toWidth);
        }
    }
}
