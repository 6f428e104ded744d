package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.ElementLoops;
import org.lora4j.internal.math.RowMath;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.GatedFeedForward;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.Scale;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.Softcap;
import org.lora4j.nn.layer.Truncate;

/**
 * Creates the computations of layers, and plans their memory: which layer may overwrite its input, and which normalization is
 * computed in one loop with the sum before it.
 */
final class PassBuilder {
    private final PassResources resources;
    private final @Nullable Recomputation recomputation;

    /**
     * Creates a builder.
     *
     * @param recomputation what layers share that are computed again for their gradients; null if none are
     */
    PassBuilder(PassResources resources, @Nullable Recomputation recomputation) {
        this.resources = resources;
        this.recomputation = recomputation;
    }

    /**
     * Creates the computation of layers one after the other. A layer may overwrite its input if nobody else reads it: it is not
     * the input of the chain, or that may be overwritten, and the layer before does not read its output again.
     *
     * @param inputSize the width of the input
     * @param inputIsBuffer whether the input of the chain may be overwritten
     */
    Chain chain(List<Layer> all, long inputSize, boolean inputIsBuffer) {
        List<Layer> layers = new ArrayList<>();
        List<LayerPass> passes = new ArrayList<>();
        long size = inputSize;
        boolean isBuffer = inputIsBuffer;
        for (List<Layer> part : parts(all)) {
            Layer last = part.get(part.size() - 1);
            if (part.size() > 1 || !doesNothing(last)) {
                layers.add(last);
                passes.add(pass(part, size, isBuffer));
                isBuffer = !(resources.isTraining() && readsOutput(last));
            }
            size = outputSize(part, size);
        }
        normalizeWithSums(passes);
        return new Chain(layers, passes, isBuffer, resources.scratch());
    }

    /** The layers one by one, or those together that are computed again together. */
    private List<List<Layer>> parts(List<Layer> all) {
        return recomputation == null ? all.stream().map(List::of).toList() : Recomputation.groups(all);
    }

    private static long outputSize(List<Layer> layers, long inputSize) {
        long size = inputSize;
        for (Layer layer : layers) {
            size = layer.outputSize(size);
        }
        return size;
    }

    private boolean doesNothing(Layer layer) {
        return layer instanceof Dropout dropout && !(resources.isTraining() && dropout.probability() > 0);
    }

    /** Whether the gradients of a layer need its output, so that nothing may be written in its place. */
    private static boolean readsOutput(Layer layer) {
        return layer instanceof Normalize
                || (layer instanceof Activation activation && ElementLoops.isRelu(activation.function()));
    }

    private LayerPass pass(List<Layer> part, long size, boolean inputIsBuffer) {
        return recomputation != null && Recomputation.isComputedAgain(part)
                ? recomputed(part, size, recomputation)
                : pass(part.get(0), size, inputIsBuffer);
    }

    private RecomputedPass recomputed(List<Layer> layers, long size, Recomputation shared) {
        PassBuilder inner = new PassBuilder(resources.recomputed(shared.newBuffers()), null);
        // The input is needed again, so it may not be overwritten.
        return new RecomputedPass(
                inner.chain(layers, size, false), resources.buffers().rows(outputSize(layers, size)), shared);
    }

    private LayerPass pass(Layer layer, long size, boolean inputIsBuffer) {
        RowMath<?> math = RowMath.of(resources.dataType());
        if (layer instanceof Linear linear) {
            return new LinearPass(linear, resources);
        } else if (layer instanceof Activation activation) {
            return ElementLoops.isRelu(activation.function())
                    ? new ReluPass(size, inputIsBuffer, resources)
                    : new ActivationPass(activation.function(), size, resources);
        } else if (layer instanceof Gelu gelu) {
            return ElementwisePass.of(gelu, size, inputIsBuffer, math, resources);
        } else if (layer instanceof Scale scale) {
            return new ScalePass<>(scale, size, inputIsBuffer, math, resources);
        } else if (layer instanceof Softcap softcap) {
            return ElementwisePass.of(softcap, size, inputIsBuffer, math, resources);
        } else if (layer instanceof Dropout dropout) {
            return new DropoutPass(dropout, size, inputIsBuffer, resources);
        } else if (layer instanceof SelfAttention attention) {
            return new AttentionPass<>(attention, math, resources);
        } else if (layer instanceof GatedFeedForward gated) {
            return new GatedFeedForwardPass<>(gated, math, resources);
        } else if (layer instanceof Residual residual) {
            Chain inner = chain(residual.layers(), size, false);
            return new ResidualPass(inner, size, resources);
        } else if (layer instanceof LayerNorm norm) {
            return NormPass.of(norm, inputIsBuffer, math, resources);
        } else if (layer instanceof RMSNorm norm) {
            return NormPass.of(norm, inputIsBuffer, math, resources);
        } else if (layer instanceof Pooling pooling) {
            return new PoolingPass<>(pooling, size, math, resources);
        } else if (layer instanceof Truncate truncate) {
            return new TruncatePass<>(truncate, size, math, resources);
        } else if (layer instanceof Normalize) {
            return new NormalizePass<>(size, math, resources);
        }
        throw new IllegalArgumentException(layer.path() + ": cannot follow another layer, found " + layer);
    }

    private static void normalizeWithSums(List<LayerPass> passes) {
        for (int i = 0; i + 1 < passes.size(); i++) {
            if (passes.get(i) instanceof ResidualPass residual) {
                residual.setNormAfter(firstNorm(passes.get(i + 1)));
            }
        }
    }

    /** The normalization that reads the input of a layer first, or null if there is none. */
    private static @Nullable NormPass<?> firstNorm(@Nullable LayerPass pass) {
        if (pass instanceof ResidualPass residual) {
            return firstNorm(residual.first());
        }
        return pass instanceof NormPass<?> norm ? norm : null;
    }
}
