package org.lora4j.nn.batch.internal;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.Softcap;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.layer.WeightedLayer;
import org.nd4j.linalg.api.buffer.DataType;

/** The layers of a network, which fit together: what passes compute. Immutable. */
public final class LayerStack {
    private final List<Layer> layers;
    private final List<WeightedLayer> weightedLayers = new ArrayList<>();

    /** The layers that several attentions have in common. Other layers must have a path of their own. */
    private final Set<Layer> shared = Collections.newSetFromMap(new IdentityHashMap<>());

    private final long inputSize;
    private final long outputSize;
    private final Layer.RowKind outputRows;

    /**
     * Creates a stack.
     *
     * @param layers the layers in the order of computation
     * @throws IllegalArgumentException if they do not fit together
     */
    public LayerStack(List<? extends Layer> layers) {
        Objects.requireNonNull(layers, "layers must not be null");
        this.layers = List.copyOf(layers);
        Set<String> paths = new HashSet<>();
        this.layers.forEach(layer -> collect(layer, paths));
        if (weightedLayers.isEmpty()) {
            throw new IllegalArgumentException("a network needs at least one linear layer, found " + layers);
        }
        requireOneType();
        outputRows = findRows();
        if (takesSequences()) {
            TokenEmbeddings embeddings = (TokenEmbeddings) this.layers.get(0);
            inputSize = embeddings.word().inputSize();
            outputSize = outputSize(
                    this.layers.subList(1, layers.size()), embeddings.word().outputSize());
        } else {
            inputSize = firstInputSize();
            outputSize = outputSize(this.layers, inputSize);
        }
    }

    /**
     * Returns a stack that computes the same as this one, whose first layers are those of another stack. Rows of both can go through those
     * together, whatever their ends are.
     *
     * @param other a stack of the same model, whose layers may have other paths
     * @return the first layers of the other one, up to where the ends begin, and then those of this one; the other one if they have the
     *     same end
     * @throws IllegalArgumentException if the first layers multiply with other weights
     */
    public LayerStack after(LayerStack other) {
        int shared = 0;
        while (shared < Math.min(layers.size(), other.layers.size())
                && computesAs(layers.get(shared), other.layers.get(shared))) {
            shared++;
        }
        if (shared == 0 || !takesSequences()) {
            throw new IllegalArgumentException(
                    "networks whose adapters are served together must be ends of one transformer, found "
                            + other.layers.get(0) + " and " + layers.get(0) + " with weights of their own");
        }
        if (shared == layers.size() && shared == other.layers.size()) {
            return other;
        }
        List<Layer> all = new ArrayList<>(other.layers.subList(0, shared));
        all.addAll(layers.subList(shared, layers.size()));
        return new LayerStack(all);
    }

    /** Whether two layers below the ends compute the same: the elements of their weights are held once. */
    private static boolean computesAs(Layer layer, Layer other) {
        if (layer instanceof Pooling || layer.getClass() != other.getClass()) {
            return false;
        }
        if (layer instanceof WeightedLayer one
                && other instanceof WeightedLayer two
                && !one.weightParameter()
                        .weight()
                        .sharesElements(two.weightParameter().weight())) {
            return false;
        }
        List<Layer> parts = layer.children();
        List<Layer> others = other.children();
        boolean areSame = parts.size() == others.size();
        for (int i = 0; areSame && i < parts.size(); i++) {
            areSame = computesAs(parts.get(i), others.get(i));
        }
        return areSame;
    }

    private void collect(Layer layer, Set<String> paths) {
        if (layer instanceof WeightedLayer && shared.contains(layer) && weightedLayers.contains(layer)) {
            return;
        }
        if (!paths.add(layer.path())) {
            throw new IllegalArgumentException("the paths of layers must differ, found " + layer.path() + " twice");
        }
        if (layer instanceof WeightedLayer weighted) {
            weightedLayers.add(weighted);
        }
        if (layer instanceof SelfAttention attention) {
            shared.addAll(attention.sharedLayers());
        }
        layer.children().forEach(child -> collect(child, paths));
    }

    private void requireOneType() {
        WeightedLayer first = weightedLayers.get(0);
        for (WeightedLayer layer : weightedLayers) {
            if (layer.dataType() != first.dataType()) {
                throw new IllegalArgumentException(layer.path() + ": must be " + first.dataType() + " like "
                        + first.path() + ", found " + layer.dataType());
            }
        }
    }

    private Layer.RowKind findRows() {
        Layer.RowKind rows = takesSequences() ? Layer.RowKind.TOKEN : Layer.RowKind.EXAMPLE;
        for (Layer layer : takesSequences() ? layers.subList(1, layers.size()) : layers) {
            rows = layer.outputRows(rows);
        }
        return rows;
    }

    /** The width that the first layer with a weight takes; the layers before it take any. */
    private long firstInputSize() {
        for (Layer layer : layers) {
            if (layer instanceof Linear linear) {
                return linear.inputSize();
            }
            if (!(layer instanceof Activation)) {
                throw new IllegalArgumentException(layer.path()
                        + ": a network of rows of features has linear layers and activations, found " + layer
                        + "; a transformer starts with TokenEmbeddings");
            }
        }
        throw new IllegalArgumentException("a network needs at least one linear layer, found " + layers);
    }

    private static long outputSize(List<Layer> layers, long inputSize) {
        long size = inputSize;
        for (Layer layer : layers) {
            size = layer.outputSize(size);
        }
        return size;
    }

    /**
     * Returns the layers.
     *
     * @return in the order of computation
     */
    public List<Layer> layers() {
        return layers;
    }

    /**
     * Returns the layers with a weight, whatever they are part of.
     *
     * @return in the order of computation
     */
    public List<WeightedLayer> weightedLayers() {
        return Collections.unmodifiableList(weightedLayers);
    }

    /**
     * Returns whether the first layer takes tokens.
     *
     * @return false if the input is rows of features
     */
    public boolean takesSequences() {
        return layers.get(0) instanceof TokenEmbeddings;
    }

    /**
     * Returns the layer that computes the output.
     *
     * @return the last layer, or the one before a {@link #softcap}, if it is linear; else null
     */
    public @Nullable Linear head() {
        int place = headPlace();
        return place >= 0 && layers.get(place) instanceof Linear linear ? linear : null;
    }

    /** The place of {@link #head}. */
    public int headPlace() {
        return layers.size() - (softcap() == null ? 1 : 2);
    }

    /**
     * Returns what bounds the output.
     *
     * @return the last layer, if it does so; else null
     */
    public @Nullable Softcap softcap() {
        return layers.get(layers.size() - 1) instanceof Softcap softcap ? softcap : null;
    }

    /**
     * Returns the width of the input.
     *
     * @return the number of features, or the size of the vocabulary
     */
    public long inputSize() {
        return inputSize;
    }

    /**
     * Returns the width of the output.
     *
     * @return the number of outputs
     */
    public long outputSize() {
        return outputSize;
    }

    /**
     * Returns the width of the output if the layers compute with other weights: an adapter can have a head of its own, with more or
     * fewer outputs.
     *
     * @param effective what each layer computes with
     * @return the number of outputs
     */
    public long outputSize(EffectiveLayers effective) {
        return effective.stack(this).ownOutputSize(effective);
    }

    /**
     * Returns what a row of the output stands for if the layers compute with other weights: an adapter can have an end of its own.
     *
     * @param effective what each layer computes with
     * @return a token or an example
     */
    public Layer.RowKind outputRows(EffectiveLayers effective) {
        return effective.stack(this).outputRows;
    }

    /**
     * Returns whether the outputs are rows of the width that this stack gives.
     *
     * @param effective what each layer computes with
     * @return false if an adapter has a head with another number of outputs, or another end
     */
    public boolean hasOutputsOf(EffectiveLayers effective) {
        return effective.stack(this) == this && ownOutputSize(effective) == outputSize;
    }

    private long ownOutputSize(EffectiveLayers effective) {
        return layers.get(layers.size() - 1) instanceof Linear head
                ? effective.of(head).weight().shape()[0]
                : outputSize;
    }

    /**
     * Returns what a row of the output stands for.
     *
     * @return a token or an example
     */
    public Layer.RowKind outputRows() {
        return outputRows;
    }

    /**
     * Returns the type of all arrays.
     *
     * @return FLOAT or DOUBLE
     */
    public DataType dataType() {
        return weightedLayers.get(0).dataType();
    }
}
