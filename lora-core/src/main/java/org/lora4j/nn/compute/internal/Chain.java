package org.lora4j.nn.compute.internal;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.WeightedLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of layers one after the other. */
final class Chain {
    private final List<Layer> layers;
    private final List<LayerPass> passes;
    private final boolean outputIsBuffer;
    private final Scratch scratch;
    private final @Nullable INDArray[] outputs;

    /** The place of the pooling, after which a row is a sequence; behind all layers if there is none. */
    private final int pooling;

    private int firstTraining;

    /**
     * Creates a chain.
     *
     * @param layers the layers, for messages
     * @param passes the computation of each
     * @param outputIsBuffer whether the output may be overwritten: nobody else reads it
     */
    Chain(List<Layer> layers, List<LayerPass> passes, boolean outputIsBuffer, Scratch scratch) {
        this.layers = layers;
        this.passes = passes;
        this.outputIsBuffer = outputIsBuffer;
        this.scratch = scratch;
        outputs = new INDArray[passes.size()];
        int place = 0;
        while (place < passes.size() && !(passes.get(place) instanceof PoolingPass)) {
            place++;
        }
        pooling = place;
        firstTraining = passes.size();
    }

    /** Binds the layers to the segments of the batch of a training that comes next. */
    void bind(Segments batch) {
        firstTraining = passes.size();
        for (int i = passes.size() - 1; i >= 0; i--) {
            passes.get(i).bind(inputBatch(batch, i));
            if (passes.get(i).trains()) {
                firstTraining = i;
            }
            if (i + 1 < passes.size() && passes.get(i) instanceof NormPass<?> norm) {
                norm.setOutputUse(passes.get(i + 1).inputUse());
            }
        }
    }

    /** The batch whose rows are the input of a layer. */
    private Segments inputBatch(Segments batch, int i) {
        return i > pooling ? batch.pooled() : batch;
    }

    boolean outputIsBuffer() {
        return outputIsBuffer;
    }

    /** The first computation, or null if there is none. */
    @Nullable
    LayerPass first() {
        return passes.isEmpty() ? null : passes.get(0);
    }

    boolean trains() {
        return firstTraining < passes.size();
    }

    /** Whether a layer before the last ones trains. */
    boolean trainsBeforeEnd(int last) {
        return firstTraining < passes.size() - last;
    }

    INDArray forward(Segments batch, INDArray x) {
        return forward(batch, x, 0, passes.size());
    }

    /** Computes the layers before one of them, by their number. */
    INDArray forwardTo(int end, Segments batch, INDArray x) {
        return forward(batch, x, 0, end);
    }

    /** Computes the layers from one of them on. */
    INDArray forwardFrom(int begin, Segments batch, INDArray x) {
        return forward(batch, x, begin, passes.size());
    }

    /** Computes the layers from one of them on, and before the last one. */
    INDArray forwardFromToLast(int begin, Segments batch, INDArray x) {
        return forward(batch, x, begin, passes.size() - 1);
    }

    /**
     * Returns how many layers, from the first one on, compute the same for segments that differ in some layers. The last layer is not
     * among them.
     *
     * @param differs whether the segments differ in a layer
     */
    int countShared(Predicate<WeightedLayer> differs) {
        int end = 0;
        while (end < passes.size() - 1 && !anyMatches(layers.get(end), differs)) {
            end++;
        }
        while (end > 0 && !keepsOutput(end - 1)) {
            end--;
        }
        return end;
    }

    /** Returns how many layers, from the first one on, are also the first ones of another chain. */
    int countSame(Chain other) {
        int end = 0;
        while (end < Math.min(passes.size(), other.passes.size()) && layers.get(end) == other.layers.get(end)) {
            end++;
        }
        while (end > 0 && !(keepsOutput(end - 1) && other.keepsOutput(end - 1))) {
            end--;
        }
        return end;
    }

    /** Whether the output of a layer can be read after it, and is not only that of the normalization after it. */
    private boolean keepsOutput(int i) {
        return !(passes.get(i) instanceof ResidualPass residual) || residual.keepsOutput();
    }

    /** Whether a condition holds for a layer, or for one that it contains. */
    static boolean anyMatches(Layer layer, Predicate<WeightedLayer> condition) {
        return (layer instanceof WeightedLayer weighted && condition.test(weighted))
                || layer.children().stream().anyMatch(child -> anyMatches(child, condition));
    }

    /** Computes the layers before the last ones. */
    INDArray forwardToEnd(Segments batch, INDArray x, int last) {
        int end = passes.size() - last;
        Arrays.fill(outputs, end, passes.size(), null);
        return forward(batch, x, 0, end);
    }

    private INDArray forward(Segments batch, INDArray x, int begin, int end) {
        INDArray activations = x;
        for (int i = begin; i < end; i++) {
            activations = passes.get(i).forward(inputBatch(batch, i), activations);
            outputs[i] = activations;
        }
        return activations;
    }

    /** Computes the gradients of the layers from the last to the first that trains, or to the input if it is wanted. */
    @Nullable
    INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        return backward(batch, yGradient, passes.size(), wantsInput);
    }

    /** The same for the layers before the last ones. */
    @Nullable
    INDArray backwardFromEnd(Segments batch, INDArray yGradient, int last, boolean wantsInput) {
        return backward(batch, yGradient, passes.size() - last, wantsInput);
    }

    private @Nullable INDArray backward(Segments batch, INDArray yGradient, int end, boolean wantsInput) {
        INDArray gradient = yGradient;
        int last = wantsInput ? 0 : firstTraining;
        for (int i = end - 1; i >= last; i--) {
            if (i > 0 && passes.get(i).inputUse() != LayerPass.InputUse.FORWARD) {
                restoreOutput(batch, i - 1);
            }
            INDArray next = passes.get(i).backward(inputBatch(batch, i), gradient, wantsInput || i > last);
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

    private void restoreOutput(Segments batch, int i) {
        if (passes.get(i) instanceof NormPass<?> norm) {
            norm.restoreOutput(inputBatch(batch, i));
        }
    }

    /** The path of the first layer whose last output holds NaN or an infinity in the rows of a segment. */
    Optional<String> firstNonFinite(Segments batch, int segment) {
        for (int i = 0; i < outputs.length; i++) {
            Optional<String> inner = passes.get(i).firstNonFinite(inputBatch(batch, i), segment);
            if (inner.isPresent()) {
                return inner;
            }
            restoreOutput(batch, i);
            INDArray output = outputs[i];
            // The rows of an output are those of the next input.
            if (output != null && !inputBatch(batch, i + 1).isFinite(output, segment)) {
                return Optional.of(layers.get(i).path());
            }
        }
        return Optional.empty();
    }
}
