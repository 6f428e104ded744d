package org.lora4j.nn.compute.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.SwiGLU;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of {@link SwiGLU}: its linear layers, and the gate between them. */
final class SwiGLUPass<A> implements LayerPass {
    private static final long NANOS_PER_ELEMENT = 1;

    private final InnerLinears linears;
    private final LinearPass gate;
    private final LinearPass up;
    private final LinearPass down;
    private final RowMath<A> math;
    private final Scratch scratch;
    private final BatchBuffer products;
    private final long inputSize;
    private final int width;
    private final Workers<Row<A>> rows;

    // What forward keeps for backward.
    private @Nullable INDArray gates;
    private @Nullable INDArray ups;

    SwiGLUPass(SwiGLU layer, RowMath<A> math, PassResources resources) {
        linears = new InnerLinears(resources);
        gate = linears.add(layer.gate());
        up = linears.add(layer.up());
        down = linears.add(layer.down());
        this.math = math;
        scratch = resources.scratch();
        inputSize = layer.gate().inputSize();
        width = Math.toIntExact(layer.gate().outputSize());
        products = resources.buffers().rows(width);
        rows = new Workers<>(() -> new Row<>(math, width));
    }

    /** What one thread needs for a row. */
    private static final class Row<A> {
        private final A g;
        private final A u;
        private final A y;
        private final A room;

        Row(RowMath<A> math, int width) {
            g = math.array(width);
            u = math.array(width);
            y = math.array(width);
            room = math.array(width);
        }
    }

    @Override
    public void bind(Segments batch) {
        linears.bind(batch);
    }

    @Override
    public boolean trains() {
        return linears.train();
    }

    @Override
    public InputUse inputUse() {
        return gate.inputUse().and(up.inputUse());
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        INDArray gated = gate.forward(batch, x);
        INDArray upped = up.forward(batch, x);
        int n = Math.toIntExact(x.size(0));
        INDArray product = down.readsInput() ? products.rows(n) : scratch.take(n, width);
        ArrayMemory gateRows = new ArrayMemory(gated);
        ArrayMemory upRows = new ArrayMemory(upped);
        ArrayMemory results = new ArrayMemory(product);
        rows.runRows(0, n, NANOS_PER_ELEMENT * width, (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(gateRows, i * width, row.g, width);
                math.read(upRows, i * width, row.u, width);
                math.swiglu(row.g, row.u, row.y, width);
                math.write(results, i * width, row.y, width);
            }
        });
        gates = gated;
        ups = upped;
        INDArray y = down.forward(batch, product);
        scratch.release(product);
        return y;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (gates == null || ups == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        boolean below = wantsInput || gate.trains() || up.trains();
        INDArray productGradient = down.backward(batch, yGradient, below);
        if (productGradient == null) {
            return null;
        }
        int n = Math.toIntExact(yGradient.size(0));
        // The gradient of the product makes room for that of the gate.
        INDArray upGradient = scratch.take(n, width);
        ArrayMemory gateRows = new ArrayMemory(gates);
        ArrayMemory upRows = new ArrayMemory(ups);
        ArrayMemory gradients = new ArrayMemory(productGradient);
        ArrayMemory upGradients = new ArrayMemory(upGradient);
        rows.runRows(0, n, NANOS_PER_ELEMENT * width, (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(gateRows, i * width, row.g, width);
                math.read(upRows, i * width, row.u, width);
                math.read(gradients, i * width, row.y, width);
                math.swigluGradient(row.g, row.u, row.y, row.room, width);
                math.write(gradients, i * width, row.g, width);
                math.write(upGradients, i * width, row.u, width);
            }
        });
        INDArray xGradient = wantsInput ? scratch.take(n, inputSize) : null;
        gate.backward(batch, productGradient, xGradient, false);
        up.backward(batch, upGradient, xGradient, true);
        scratch.release(productGradient);
        scratch.release(upGradient);
        return xGradient;
    }

    @Override
    public Optional<String> firstNonFinite(Segments batch, int segment) {
        return linears.firstNonFinite(batch, segment);
    }
}
