package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Pooling;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Makes one row of the rows of each sequence. */
final class PoolingPass<A> implements LayerPass {
    private final RowMath<A> math;
    private final Scratch scratch;
    private final BatchBuffer outputs;
    private final Pooling.Method method;
    private final int width;
    private final A row;
    private final A sum;

    PoolingPass(Pooling layer, long size, RowMath<A> math, PassResources resources) {
        this.math = math;
        scratch = resources.scratch();
        outputs = new BatchBuffer(resources.dataType(), size, resources.order());
        method = layer.method();
        width = Math.toIntExact(size);
        row = math.array(width);
        sum = math.array(width);
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        Sequences sequences = batch.sequences();
        INDArray y = outputs.rows(sequences.count());
        ArrayMemory inputs = new ArrayMemory(x);
        ArrayMemory results = new ArrayMemory(y);
        for (int i = 0; i < sequences.count(); i++) {
            math.clear(sum, width);
            for (int r = begin(sequences, i); r < end(sequences, i); r++) {
                math.read(inputs, r * width, row, width);
                math.add(row, sum, width);
            }
            math.scale(1.0 / (end(sequences, i) - begin(sequences, i)), sum, width);
            math.write(results, i * width, sum, width);
        }
        return y;
    }

    /** The first row of a sequence that counts. */
    private int begin(Sequences sequences, int i) {
        return switch (method) {
            case FIRST -> sequences.start(i);
            case LAST -> sequences.start(i + 1) - 1;
            case MEAN -> sequences.start(i) + sequences.masked(i);
        };
    }

    private int end(Sequences sequences, int i) {
        return method == Pooling.Method.FIRST ? sequences.start(i) + 1 : sequences.start(i + 1);
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (!wantsInput) {
            return null;
        }
        Sequences sequences = batch.sequences();
        INDArray xGradient = scratch.take(sequences.tokens(), width);
        ArrayMemory given = new ArrayMemory(yGradient);
        ArrayMemory results = new ArrayMemory(xGradient);
        for (int i = 0; i < sequences.count(); i++) {
            math.read(given, i * width, row, width);
            math.scale(1.0 / (end(sequences, i) - begin(sequences, i)), row, width);
            math.clear(sum, width);
            for (int r = sequences.start(i); r < sequences.start(i + 1); r++) {
                boolean counts = r >= begin(sequences, i) && r < end(sequences, i);
                math.write(results, r * width, counts ? row : sum, width);
            }
        }
        return xGradient;
    }
}
