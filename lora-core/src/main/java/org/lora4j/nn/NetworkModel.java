package org.lora4j.nn;

import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.compute.internal.PassSource;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * A model whose layers the passes of this library compute: a {@link Network}, or a view of one with adapters. It is the only kind
 * of {@link Model}; not part of the API.
 *
 * @hidden
 */
public abstract non-sealed class NetworkModel implements Model, PassSource {
    private final LayerStack stack;

    /**
     * Creates a model.
     *
     * @param stack the layers
     */
    protected NetworkModel(LayerStack stack) {
        this.stack = stack;
    }

    /**
     * Returns what passes compute; not part of the API.
     *
     * @hidden
     */
    @Override
    public final LayerStack stack() {
        return stack;
    }

    @Override
    public final long inputSize() {
        return stack.inputSize();
    }

    @Override
    public final long outputSize() {
        return stack.outputSize(effectiveLayers());
    }

    @Override
    public final DataType dataType() {
        return stack.dataType();
    }

    @Override
    public final boolean takesSequences() {
        return stack.takesSequences();
    }
}
