package org.lora4j.nn.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.layer.SelfAttention;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of {@link SelfAttention}: its four linear layers, and the heads between them. */
final class SelfAttentionPass<A> implements LayerPass {
    private final SelfAttention layer;
    private final InnerLinears linears;
    private final LinearPass query;
    private final LinearPass key;
    private final LinearPass value;
    private final LinearPass output;
    private final AttentionHeads<A> heads;
    private final PassResources resources;
    private final BatchBuffer contexts;
    private final int width;

    SelfAttentionPass(SelfAttention layer, RowMath<A> math, PassResources resources) {
        this.layer = layer;
        this.resources = resources;
        linears = new InnerLinears(resources);
        query = linears.add(layer.query());
        key = linears.add(layer.key());
        value = linears.add(layer.value());
        output = linears.add(layer.output());
        heads = new AttentionHeads<>(layer, math, resources);
        contexts = resources.buffers().rows(layer.query().outputSize());
        width = Math.toIntExact(layer.query().outputSize());
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
    public INDArray forward(Segments batch, INDArray x) {
        INDArray queries = query.forward(batch, x);
        INDArray keys = key.forward(batch, x);
        INDArray values = value.forward(batch, x);
        Scratch scratch = resources.scratch();
        INDArray context = output.readsInput() ? contexts.rows(x.size(0)) : scratch.take(x.size(0), width);
        heads.forward(batch, queries, keys, values, context);
        INDArray y = output.forward(batch, context);
        scratch.release(context);
        return y;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        boolean below = wantsInput || query.trains() || key.trains() || value.trains();
        INDArray contextGradient = output.backward(batch, yGradient, below);
        if (contextGradient == null) {
            return null;
        }
        Scratch scratch = resources.scratch();
        long n = yGradient.size(0);
        INDArray queryGradient = scratch.take(n, width);
        INDArray keyGradient = scratch.take(n, width);
        INDArray valueGradient = scratch.take(n, width);
        heads.backward(batch.sequences(), contextGradient, queryGradient, keyGradient, valueGradient);
        scratch.release(contextGradient);
        INDArray xGradient = wantsInput ? scratch.take(n, layer.query().inputSize()) : null;
        query.backward(batch, queryGradient, xGradient, false);
        key.backward(batch, keyGradient, xGradient, true);
        value.backward(batch, valueGradient, xGradient, true);
        scratch.release(queryGradient);
        scratch.release(keyGradient);
        scratch.release(valueGradient);
        return xGradient;
    }

    @Override
    public Optional<String> firstNonFinite(Segments batch, int segment) {
        return linears.firstNonFinite(batch, segment);
    }
}
