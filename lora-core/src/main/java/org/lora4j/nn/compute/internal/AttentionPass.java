package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.attention.internal.AttentionHeads;
import org.lora4j.nn.attention.internal.HeadColumns;
import org.lora4j.nn.attention.internal.RelativeInputs;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.SelfAttention;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of a {@link SelfAttention}: its linear layers, and the heads between them. */
final class AttentionPass<A> implements LayerPass {
    private final InnerLinears linears;
    private final List<LinearPass> inputs = new ArrayList<>();
    private final List<Integer> widths = new ArrayList<>();
    private final LinearPass output;
    private final @Nullable RelativePass<A> relative;
    private final AttentionHeads<A> heads;
    private final PassResources resources;
    private final BatchBuffer contexts;
    private final long inputSize;
    private final int size;
    private final int queryWidth;
    private final int keyWidth;
    private @Nullable RelativeInputs positions;

    AttentionPass(SelfAttention layer, RowMath<A> math, PassResources resources) {
        this.resources = resources;
        linears = new InnerLinears(resources);
        for (Linear input : layer.inputs()) {
            inputs.add(linears.add(input));
            widths.add(Math.toIntExact(input.outputSize()));
        }
        output = linears.add(layer.output());
        relative = layer.relative() == null ? null : new RelativePass<>(layer, math, resources);
        heads = new AttentionHeads<>(
                layer, math, resources.isTraining(), resources.buffers(), resources.headProducts());
        contexts = resources.buffers().rows(layer.output().inputSize());
        inputSize = layer.inputs().get(0).inputSize();
        size = layer.headSize();
        queryWidth = layer.heads() * size;
        keyWidth = layer.keyValueHeads() * size;
    }

    @Override
    public void bind(Segments batch) {
        linears.bind(batch);
        heads.bind(batch);
        if (relative != null) {
            relative.bind(batch);
        }
    }

    @Override
    public boolean trains() {
        return linears.train() || heads.trains() || (relative != null && relative.trains());
    }

    @Override
    public InputUse inputUse() {
        return inputs.stream().map(LinearPass::inputUse).reduce(InputUse.FORWARD, InputUse::and);
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        List<INDArray> computed = new ArrayList<>();
        inputs.forEach(input -> computed.add(input.forward(batch, x)));
        Scratch scratch = resources.scratch();
        INDArray context = output.readsInput() ? contexts.rows(x.size(0)) : scratch.take(x.size(0), queryWidth);
        positions = relative == null ? null : relative.forward(batch);
        heads.forward(batch, columns(computed), positions, new HeadColumns(context, 0, size));
        INDArray y = output.forward(batch, context);
        scratch.release(context);
        return y;
    }

    /** The heads in the outputs of the three layers, or of the one layer, or in their gradients. */
    private HeadColumns.Inputs columns(List<INDArray> matrices) {
        if (matrices.size() == 1) {
            INDArray all = matrices.get(0);
            return new HeadColumns.Inputs(
                    new HeadColumns(all, 0, size),
                    new HeadColumns(all, queryWidth, size),
                    new HeadColumns(all, queryWidth + keyWidth, size));
        }
        return HeadColumns.Inputs.of(matrices.get(0), matrices.get(1), matrices.get(2), size);
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        HeadColumns.Inputs.Wanted wanted = wanted(wantsInput);
        INDArray contextGradient = output.backward(
                batch, yGradient, wanted.queries() || wanted.keys() || wanted.values() || wanted.relative());
        if (contextGradient == null) {
            return null;
        }
        Scratch scratch = resources.scratch();
        long n = yGradient.size(0);
        List<INDArray> gradients = new ArrayList<>();
        widths.forEach(width -> gradients.add(scratch.take(n, width)));
        RelativeInputs positionGradients =
                wanted.relative() && relative != null && positions != null ? relative.beginGradients(positions) : null;
        heads.backward(batch, new HeadColumns(contextGradient, 0, size), columns(gradients), positionGradients, wanted);
        scratch.release(contextGradient);
        if (relative != null && positionGradients != null) {
            relative.backward();
        }
        INDArray xGradient = wantsInput ? scratch.take(n, inputSize) : null;
        for (int i = 0; i < inputs.size(); i++) {
            if (wantsInput || inputs.get(i).trains()) {
                inputs.get(i).backward(batch, gradients.get(i), xGradient, i > 0);
            }
        }
        gradients.forEach(scratch::release);
        return xGradient;
    }

    private HeadColumns.Inputs.Wanted wanted(boolean wantsInput) {
        boolean one = inputs.size() == 1;
        boolean all = wantsInput || (one && trains(0));
        return new HeadColumns.Inputs.Wanted(
                all || heads.queriesTrain() || trains(0),
                all || heads.keysTrain() || (!one && trains(1)),
                all || (!one && trains(2)),
                relative != null && relative.trains());
    }

    private boolean trains(int input) {
        return inputs.get(input).trains();
    }

    @Override
    public Optional<String> firstNonFinite(Segments batch, int segment) {
        Optional<String> first = linears.firstNonFinite(batch, segment);
        return first.isEmpty() && relative != null ? relative.firstNonFinite(segment) : first;
    }
}
