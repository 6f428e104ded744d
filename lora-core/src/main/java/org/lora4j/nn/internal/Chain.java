package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayBits;
import org.lora4j.nn.Dropout;
import org.lora4j.nn.Layer;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.Pooling;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of layers one after the other. */
final class Chain {
    private final List<Layer> layers = new ArrayList<>();
    private final List<LayerPass> passes = new ArrayList<>();
    private final INDArray[] outputs;
    private final Scratch scratch;
    private final boolean outputIsBuffer;
    private int firstTraining;

    Chain(List<Layer> all, long inputSize, boolean inputIsBuffer, PassResources given) {
        PassResources resources = given;
        scratch = resources.scratch();
        long size = inputSize;
        boolean isBuffer = inputIsBuffer;
        for (Layer layer : all) {
            if (!drops(layer, resources)) {
                layers.add(layer);
                LayerPass pass = LayerPass.of(layer, size, isBuffer, resources);
                if (!passes.isEmpty()) {
                    passes.get(passes.size() - 1).followedBy(pass);
                }
                passes.add(pass);
                isBuffer = !(resources.isTraining() && pass.readsOutput());
            }
            size = layer.outputSize(size);
            if (layer instanceof Pooling) {
                resources = resources.pooled();
            }
        }
        outputIsBuffer = isBuffer;
        outputs = new INDArray[passes.size()];
        firstTraining = passes.size();
    }

    /** Whether a layer does nothing in this pass. */
    private static boolean drops(Layer layer, PassResources resources) {
        return layer instanceof Dropout dropout && !(resources.isTraining() && dropout.probability() > 0);
    }

    /** Switches to other arrays or updates. Returns whether anything changed. */
    boolean use(EffectiveLayers effective) {
        boolean changed = false;
        for (LayerPass pass : passes) {
            changed |= pass.use(effective);
        }
        if (changed) {
            firstTraining = 0;
            while (firstTraining < passes.size()
                    && passes.get(firstTraining).trainable().isEmpty()) {
                firstTraining++;
            }
        }
        return changed;
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

    LayerPass pass(int i) {
        return passes.get(i);
    }

    /** The first layer with trainable parameters; the number of layers if there is none. */
    int firstTraining() {
        return firstTraining;
    }

    boolean trains() {
        return firstTraining < passes.size();
    }

    List<Parameter> parameters() {
        return passes.stream().flatMap(pass -> pass.parameters().stream()).toList();
    }

    List<Parameter> trainable() {
        return passes.stream().flatMap(pass -> pass.trainable().stream()).toList();
    }

    INDArray forward(INDArray x) {
        INDArray activations = x;
        for (int i = 0; i < outputs.length; i++) {
            activations = passes.get(i).forward(activations);
            outputs[i] = activations;
        }
        return activations;
    }

    /** Computes the gradients of the layers from the last to the first that trains, or to the input if it is wanted. */
    @Nullable
    INDArray backward(INDArray yGradient, boolean wantsInput) {
        INDArray gradient = yGradient;
        int last = wantsInput ? 0 : firstTraining;
        for (int i = passes.size() - 1; i >= last; i--) {
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

    Optional<String> firstNonFinite() {
        for (int i = 0; i < outputs.length; i++) {
            Optional<String> inner = passes.get(i).firstNonFinite();
            if (inner.isPresent()) {
                return inner;
            }
            if (outputs[i] != null && !ArrayBits.isFinite(outputs[i])) {
                return Optional.of(layers.get(i).path());
            }
        }
        return Optional.empty();
    }
}
