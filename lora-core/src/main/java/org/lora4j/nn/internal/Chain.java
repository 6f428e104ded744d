package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.RowBlocks;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Pooling;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of layers one after the other. */
final class Chain {
    private final List<Layer> layers = new ArrayList<>();
    private final List<LayerPass> passes = new ArrayList<>();
    private final @Nullable INDArray[] outputs;

    /** For the output of each layer, what its rows are. */
    private final List<PassResources> ofOutputs = new ArrayList<>();

    private final PassResources ofOutput;
    private final Scratch scratch;
    private final boolean outputIsBuffer;
    private int firstTraining;

    Chain(List<Layer> all, long inputSize, boolean inputIsBuffer, PassResources given) {
        PassResources resources = given;
        scratch = resources.scratch();
        long size = inputSize;
        boolean isBuffer = inputIsBuffer;
        for (List<Layer> part : parts(all, resources)) {
            Layer layer = part.get(part.size() - 1);
            if (!drops(layer, resources) || part.size() > 1) {
                layers.add(layer);
                LayerPass pass = pass(part, size, isBuffer, resources);
                if (!passes.isEmpty()) {
                    passes.get(passes.size() - 1).followedBy(pass);
                }
                passes.add(pass);
                isBuffer = !(resources.isTraining() && pass.readsOutput());
            }
            for (Layer one : part) {
                size = one.outputSize(size);
            }
            if (layer instanceof Pooling) {
                resources = resources.pooled();
            }
            if (ofOutputs.size() < passes.size()) {
                ofOutputs.add(resources);
            }
        }
        ofOutput = resources;
        outputIsBuffer = isBuffer;
        outputs = new INDArray[passes.size()];
        firstTraining = passes.size();
    }

    /** The layers one by one, or those together that are computed again together. */
    private static List<List<Layer>> parts(List<Layer> all, PassResources resources) {
        return resources.recomputation() == null ? all.stream().map(List::of).toList() : Recomputation.groups(all);
    }

    private static LayerPass pass(List<Layer> part, long size, boolean inputIsBuffer, PassResources resources) {
        Recomputation recomputation = resources.recomputation();
        return recomputation != null && Recomputation.isComputedAgain(part)
                ? new RecomputedPass(part, size, resources, recomputation)
                : LayerPass.of(part.get(0), size, inputIsBuffer, resources);
    }

    /** Whether a layer does nothing in this pass. */
    private static boolean drops(Layer layer, PassResources resources) {
        return layer instanceof Dropout dropout && !(resources.isTraining() && dropout.probability() > 0);
    }

    /** Binds the layers to the segments of the batch that comes next. */
    void bind() {
        passes.forEach(LayerPass::bind);
        firstTraining = 0;
        while (firstTraining < passes.size() && !passes.get(firstTraining).trains()) {
            firstTraining++;
        }
    }

    /** Whether the output may be overwritten: nobody else reads it. */
    boolean outputIsBuffer() {
        return outputIsBuffer;
    }

    /** The first computation if it is a normalization, else null. */
    @Nullable
    NormPass<?> firstNorm() {
        return !passes.isEmpty() && passes.get(0) instanceof NormPass<?> norm ? norm : null;
    }

    /** The normalization that reads the input first, or null. */
    @Nullable
    NormPass<?> leadingNorm() {
        return passes.isEmpty() ? null : passes.get(0).leadingNorm();
    }

    boolean trains() {
        return firstTraining < passes.size();
    }

    /** Whether a layer before the last one trains. */
    boolean trainsBeforeLast() {
        return firstTraining < passes.size() - 1;
    }

    INDArray forward(INDArray x) {
        return forward(x, passes.size());
    }

    /** Computes the layers before the last one. */
    INDArray forwardToLast(INDArray x) {
        outputs[passes.size() - 1] = null;
        return forward(x, passes.size() - 1);
    }

    private INDArray forward(INDArray x, int end) {
        INDArray activations = x;
        for (int i = 0; i < end; i++) {
            activations = passes.get(i).forward(activations);
            outputs[i] = activations;
        }
        return activations;
    }

    /** Computes the gradients of the layers from the last to the first that trains, or to the input if it is wanted. */
    @Nullable
    INDArray backward(INDArray yGradient, boolean wantsInput) {
        return backward(yGradient, passes.size(), wantsInput);
    }

    /** The same for the layers before the last one. */
    @Nullable
    INDArray backwardFromLast(INDArray yGradient, boolean wantsInput) {
        return backward(yGradient, passes.size() - 1, wantsInput);
    }

    private @Nullable INDArray backward(INDArray yGradient, int end, boolean wantsInput) {
        INDArray gradient = yGradient;
        int last = wantsInput ? 0 : firstTraining;
        for (int i = end - 1; i >= last; i--) {
            if (i > 0 && passes.get(i).readsInput()) {
                passes.get(i - 1).restoreOutput();
            }
            INDArray next = passes.get(i).backward(gradient, wantsInput || i > last);
            if (gradient != yGradient) {
                scratch.release(gradient);
            }
            if (next == null) {
                return null;
            }
            gradient = next;
        }
        return wantsInput ? gradient : null;
    }

    /** The rows of the output that belong to a segment. */
    INDArray block(RowBlocks blocks, INDArray output, int segment) {
        return ofOutput.block(blocks, output, segment);
    }

    /** The path of the first layer whose last output holds NaN or an infinity in the rows of a segment. */
    Optional<String> firstNonFinite(int segment) {
        for (int i = 0; i < outputs.length; i++) {
            Optional<String> inner = passes.get(i).firstNonFinite(segment);
            if (inner.isPresent()) {
                return inner;
            }
            passes.get(i).restoreOutput();
            INDArray output = outputs[i];
            if (output != null && !ofOutputs.get(i).isFinite(output, segment)) {
                return Optional.of(layers.get(i).path());
            }
        }
        return Optional.empty();
    }
}
