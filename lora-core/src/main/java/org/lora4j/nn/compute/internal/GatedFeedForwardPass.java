package org.lora4j.nn.compute.internal;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.GatedFeedForward.Gate;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of {@link GatedFeedForward}: its linear layers, and the gate between them. */
final class GatedFeedForwardPass<A> implements LayerPass {
    private static final long NANOS_PER_ELEMENT = 1;

    private final InnerLinears linears;
    private final List<LinearPass> inputs;
    private final LinearPass down;
    private final RowMath<A> math;
    private final Scratch scratch;
    private final BatchBuffer products;
    private final Gate gate;
    private final long inputSize;
    private final int width;

    /** The width of the rows of the inputs, and where gate and up begin in them. */
    private final int stride;

    private final int gateStart;
    private final int upStart;
    private final Workers<Row<A>> rows;

    // What forward keeps for backward.
    private @Nullable INDArray gates;
    private @Nullable INDArray ups;

    GatedFeedForwardPass(GatedFeedForward layer, RowMath<A> math, PassResources resources) {
        linears = new InnerLinears(resources);
        inputs = layer.inputs().stream().map(linears::add).toList();
        down = linears.add(layer.down());
        this.math = math;
        scratch = resources.scratch();
        gate = layer.gate();
        inputSize = layer.inputs().get(0).inputSize();
        width = Math.toIntExact(layer.down().inputSize());
        boolean isOne = inputs.size() == 1;
        stride = isOne ? 2 * width : width;
        gateStart = isOne && !layer.gateIsFirst() ? width : 0;
        upStart = isOne && layer.gateIsFirst() ? width : 0;
        products = resources.buffers().rows(width);
        rows = new Workers<>(() -> new Row<>(math, width, gate != Gate.SILU));
    }

    /** What one thread needs for a row. */
    private static final class Row<A> {
        private final A g;
        private final A u;
        private final A y;
        private final A room;
        private final A slope;

        Row(RowMath<A> math, int width, boolean hasSlope) {
            g = math.array(width);
            u = math.array(width);
            y = math.array(width);
            room = math.array(width);
            slope = math.array(hasSlope ? width : 0);
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

    private boolean inputsTrain() {
        return inputs.stream().anyMatch(LinearPass::trains);
    }

    @Override
    public InputUse inputUse() {
        return inputs.stream().map(LinearPass::inputUse).reduce(InputUse::and).orElseThrow();
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        INDArray gated = inputs.get(0).forward(batch, x);
        INDArray upped = inputs.size() == 1 ? gated : inputs.get(1).forward(batch, x);
        int n = Math.toIntExact(x.size(0));
        INDArray product = down.readsInput() ? products.rows(n) : scratch.take(n, width);
        ArrayMemory gateRows = new ArrayMemory(gated);
        ArrayMemory upRows = new ArrayMemory(upped);
        ArrayMemory results = new ArrayMemory(product);
        rows.runRows(0, n, NANOS_PER_ELEMENT * width, (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(gateRows, i * stride + gateStart, row.g, width);
                math.read(upRows, i * stride + upStart, row.u, width);
                multiply(row);
                math.write(results, i * width, row.y, width);
            }
        });
        gates = gated;
        ups = upped;
        INDArray y = down.forward(batch, product);
        scratch.release(product);
        return y;
    }

    /** {@code y = f(g) ∘ u}. */
    private void multiply(Row<A> row) {
        switch (gate) {
            case SILU -> math.swiglu(row.g, row.u, row.y, width);
            case GELU -> {
                math.gelu(row.g, row.y, width);
                math.multiply(row.u, row.y, width);
            }
            case GELU_TANH -> {
                math.geluTanh(row.g, row.y, width);
                math.multiply(row.u, row.y, width);
            }
            case RELU -> {
                relu(row.g, row.y);
                math.multiply(row.u, row.y, width);
            }
        }
    }

    private void relu(A x, A y) {
        math.copy(x, 0, y, 0, width);
        math.relu(y, width);
    }

    /** Replaces g and u by their gradients; y is the gradient of the result. */
    private void differentiate(Row<A> row) {
        if (gate == Gate.SILU) {
            math.swigluGradient(row.g, row.u, row.y, row.room, width);
            return;
        }
        if (gate == Gate.RELU) {
            relu(row.g, row.room);
            math.copy(row.y, 0, row.slope, 0, width);
            math.keepWherePositive(row.room, row.slope, width);
        } else {
            if (gate == Gate.GELU) {
                math.geluWithDerivative(row.g, row.room, row.slope, width);
            } else {
                math.geluTanhWithDerivative(row.g, row.room, row.slope, width);
            }
            math.multiply(row.y, row.slope, width);
        }
        math.multiply(row.u, row.slope, width);
        math.copy(row.slope, 0, row.g, 0, width);
        math.multiply(row.y, row.room, width);
        math.copy(row.room, 0, row.u, 0, width);
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (gates == null || ups == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        INDArray productGradient = down.backward(batch, yGradient, wantsInput || inputsTrain());
        if (productGradient == null) {
            return null;
        }
        int n = Math.toIntExact(yGradient.size(0));
        boolean isOne = inputs.size() == 1;
        // With two inputs, the gradient of the product makes room for that of the gate.
        INDArray gateGradient = isOne ? scratch.take(n, stride) : productGradient;
        INDArray upGradient = isOne ? gateGradient : scratch.take(n, width);
        ArrayMemory gateRows = new ArrayMemory(gates);
        ArrayMemory upRows = new ArrayMemory(ups);
        ArrayMemory gradients = new ArrayMemory(productGradient);
        ArrayMemory gateGradients = new ArrayMemory(gateGradient);
        ArrayMemory upGradients = new ArrayMemory(upGradient);
        rows.runRows(0, n, NANOS_PER_ELEMENT * width, (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(gateRows, i * stride + gateStart, row.g, width);
                math.read(upRows, i * stride + upStart, row.u, width);
                math.read(gradients, i * width, row.y, width);
                differentiate(row);
                math.write(gateGradients, i * stride + gateStart, row.g, width);
                math.write(upGradients, i * stride + upStart, row.u, width);
            }
        });
        INDArray xGradient = wantsInput ? scratch.take(n, inputSize) : null;
        inputs.get(0).backward(batch, gateGradient, xGradient, false);
        if (!isOne) {
            inputs.get(1).backward(batch, upGradient, xGradient, true);
        }
        scratch.release(productGradient);
        scratch.release(isOne ? gateGradient : upGradient);
        return xGradient;
    }

    @Override
    public Optional<String> firstNonFinite(Segments batch, int segment) {
        return linears.firstNonFinite(batch, segment);
    }
}
