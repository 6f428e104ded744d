package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Softcap;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The bound of all values, in the place of the input where it may. In training it keeps the derivative. */
final class SoftcapPass<A> implements LayerPass {
    private static final long NANOS_PER_ELEMENT = 1;

    private final double bound;
    private final RowMath<A> math;
    private final Scratch scratch;
    private final @Nullable BatchBuffer outputs;
    private final @Nullable BatchBuffer derivatives;
    private final int width;
    private final Workers<Row<A>> rows;
    private @Nullable INDArray derivative;

    SoftcapPass(Softcap layer, long size, boolean inputIsBuffer, RowMath<A> math, PassResources resources) {
        bound = layer.bound();
        this.math = math;
        scratch = resources.scratch();
        outputs = inputIsBuffer ? null : resources.buffers().rows(size);
        derivatives = resources.isTraining() ? resources.buffers().rows(size) : null;
        width = Math.toIntExact(size);
        rows = new Workers<>(() -> new Row<>(math, width));
    }

    /** What one thread needs for a row. */
    private static final class Row<A> {
        private final A x;
        private final A slope;

        Row(RowMath<A> math, int width) {
            x = math.array(width);
            slope = math.array(width);
        }
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        int n = Math.toIntExact(x.size(0));
        INDArray y = outputs == null ? x : outputs.rows(n);
        INDArray kept = derivatives == null ? null : derivatives.rows(n);
        ArrayMemory inputs = new ArrayMemory(x);
        ArrayMemory results = new ArrayMemory(y);
        ArrayMemory slopes = kept == null ? null : new ArrayMemory(kept);
        rows.runRows(0, n, NANOS_PER_ELEMENT * width, (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(inputs, i * width, row.x, width);
                if (slopes == null) {
                    math.softcap(row.x, bound, width);
                } else {
                    math.softcapWithDerivative(row.x, row.slope, bound, width);
                    math.write(slopes, i * width, row.slope, width);
                }
                math.write(results, i * width, row.x, width);
            }
        });
        derivative = kept;
        return y;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (derivative == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        if (!wantsInput) {
            return null;
        }
        int n = Math.toIntExact(yGradient.size(0));
        INDArray xGradient = scratch.take(n, width);
        ArrayMemory gradients = new ArrayMemory(yGradient);
        ArrayMemory slopes = new ArrayMemory(derivative);
        ArrayMemory results = new ArrayMemory(xGradient);
        rows.runRows(0, n, NANOS_PER_ELEMENT * width, (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(gradients, i * width, row.x, width);
                math.read(slopes, i * width, row.slope, width);
                math.multiply(row.slope, row.x, width);
                math.write(results, i * width, row.x, width);
            }
        });
        return xGradient;
    }
}
