package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.LayerSeed;
import org.lora4j.internal.RowMath;
import org.lora4j.internal.StepSeed;
import org.lora4j.nn.CausalSelfAttention;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of {@link CausalSelfAttention}: its linear layers, and the heads between them. */
final class CausalSelfAttentionPass<A> implements LayerPass {
    private final List<LinearPass> inputs = new ArrayList<>();
    private final List<Integer> widths = new ArrayList<>();
    private final LinearPass output;
    private final CausalHeads<A> heads;
    private final PassResources resources;
    private final BatchBuffer contexts;
    private final long inputSize;
    private final int size;
    private final int queryWidth;
    private final int keyWidth;
    private final long seed;

    CausalSelfAttentionPass(CausalSelfAttention layer, RowMath<A> math, PassResources resources) {
        this.resources = resources;
        for (Linear input : layer.inputs()) {
            inputs.add(new LinearPass(input, resources));
            widths.add(Math.toIntExact(input.outputSize()));
        }
        output = new LinearPass(layer.output(), resources);
        heads = new CausalHeads<>(layer, math, resources);
        contexts = new BatchBuffer(resources.dataType(), layer.output().inputSize(), resources.order());
        inputSize = layer.inputs().get(0).inputSize();
        size = layer.headSize();
        queryWidth = layer.heads() * size;
        keyWidth = layer.keyValueHeads() * size;
        seed = LayerSeed.of(layer.seed(), layer.path());
    }

    @Override
    public boolean use(EffectiveLayers effective) {
        boolean changed = heads.use(effective);
        for (LinearPass input : inputs) {
            changed |= input.use(effective);
        }
        changed |= output.use(effective);
        return changed;
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        inputs.forEach(input -> all.addAll(input.parameters()));
        all.addAll(output.parameters());
        all.addAll(heads.parameters());
        return all;
    }

    @Override
    public List<Parameter> trainable() {
        List<Parameter> all = new ArrayList<>();
        inputs.forEach(input -> all.addAll(input.trainable()));
        all.addAll(output.trainable());
        all.addAll(heads.trainable());
        return all;
    }

    @Override
    public INDArray forward(INDArray x) {
        List<INDArray> computed = new ArrayList<>();
        inputs.forEach(input -> computed.add(input.forward(x)));
        INDArray context = contexts.rows(x.size(0));
        heads.forward(
                resources.tokens().get(),
                columns(computed),
                new HeadColumns(context, 0, size),
                StepSeed.of(seed, resources.step().number()));
        return output.forward(context);
    }

    /** The heads in the outputs of the three layers, or of the one layer, or in their gradients. */
    private CausalHeads.Inputs columns(List<INDArray> matrices) {
        if (matrices.size() == 1) {
            INDArray all = matrices.get(0);
            return new CausalHeads.Inputs(
                    new HeadColumns(all, 0, size),
                    new HeadColumns(all, queryWidth, size),
                    new HeadColumns(all, queryWidth + keyWidth, size));
        }
        return new CausalHeads.Inputs(
                new HeadColumns(matrices.get(0), 0, size),
                new HeadColumns(matrices.get(1), 0, size),
                new HeadColumns(matrices.get(2), 0, size));
    }

    @Override
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        CausalHeads.Wanted wanted = wanted(wantsInput);
        INDArray contextGradient = output.backward(yGradient, wanted.queries() || wanted.keys() || wanted.values());
        if (contextGradient == null) {
            return null;
        }
        Scratch scratch = resources.scratch();
        long n = yGradient.size(0);
        List<INDArray> gradients = new ArrayList<>();
        widths.forEach(width -> gradients.add(scratch.take(n, width)));
        heads.backward(new HeadColumns(contextGradient, 0, size), columns(gradients), wanted);
        scratch.release(contextGradient);
        INDArray xGradient = wantsInput ? scratch.take(n, inputSize) : null;
        for (int i = 0; i < inputs.size(); i++) {
            if (wantsInput || !inputs.get(i).trainable().isEmpty()) {
                inputs.get(i).backward(gradients.get(i), xGradient, i > 0);
            }
        }
        gradients.forEach(scratch::release);
        return xGradient;
    }

    private CausalHeads.Wanted wanted(boolean wantsInput) {
        boolean one = inputs.size() == 1;
        boolean all = wantsInput || (one && trains(0));
        return new CausalHeads.Wanted(
                all || heads.queriesTrain() || trains(0),
                all || heads.keysTrain() || (!one && trains(1)),
                all || (!one && trains(2)));
    }

    private boolean trains(int input) {
        return !inputs.get(input).trainable().isEmpty();
    }

    @Override
    public Optional<String> firstNonFinite() {
        return inputs.stream()
                .filter(input -> !input.isFinite())
                .map(LinearPass::path)
                .findFirst();
    }
}
