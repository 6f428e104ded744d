package org.lora4j.nn.batch.internal;

import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The outputs of the examples of a batch, one after the other in one piece of memory. Each has a width of its own. */
public final class ExampleOutputs {
    private final INDArray values;

    /** The first element of each example, and at the end the number of all elements. */
    private final int[] starts;

    private final int[] widths;

    /**
     * Creates outputs without values.
     *
     * @param x the examples
     * @param network the layers of the model
     * @param layers what computes an example
     * @throws IllegalArgumentException if they have 2³¹ elements or more
     */
    public ExampleOutputs(Input x, LayerStack network, IntFunction<EffectiveLayers> layers) {
        this(null, x, network, layers);
    }

    private ExampleOutputs(@Nullable INDArray known, Input x, LayerStack network, IntFunction<EffectiveLayers> layers) {
        starts = new int[x.count() + 1];
        widths = new int[x.count()];
        long elements = 0;
        for (int i = 0; i < x.count(); i++) {
            EffectiveLayers own = layers.apply(i);
            boolean perToken = network.outputRows(own) == Layer.RowKind.TOKEN;
            int rows = perToken && x instanceof Sequences sequences ? sequences.length(i) : 1;
            widths[i] = Math.toIntExact(network.outputSize(own));
            elements += (long) rows * widths[i];
            if (elements > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("input: the output must have fewer than 2^31 elements, found "
                        + x.count() + " examples with more; predict in several parts");
            }
            starts[i + 1] = (int) elements;
        }
        values = known == null ? Nd4j.createUninitializedDetached(network.dataType(), elements) : known;
    }

    /**
     * Returns outputs that have one width.
     *
     * @param y the rows of all examples in 'c' order, which become the memory of the outputs
     * @param x the examples
     * @param network the layers of the model
     * @param layers what computed an example
     * @return the outputs
     */
    public static ExampleOutputs of(INDArray y, Input x, LayerStack network, IntFunction<EffectiveLayers> layers) {
        return new ExampleOutputs(y, x, network, layers);
    }

    /**
     * Sets the output of examples of one width.
     *
     * @param from the first of them
     * @param rows the rows of their output, which are copied
     */
    public void set(int from, INDArray rows) {
        INDArray inRows = rows.ordering() == 'c' && !rows.isView() ? rows : rows.dup('c');
        new ArrayMemory(inRows).copy(0, new ArrayMemory(values), starts[from], Math.toIntExact(rows.length()));
    }

    /**
     * Returns the output of some examples, which must have one width.
     *
     * @param from the first of them
     * @param to the end of them
     * @return a new array {@code [rows, width]} in 'c' order
     */
    public INDArray of(int from, int to) {
        int width = widths[from];
        int length = starts[to] - starts[from];
        INDArray rows = Nd4j.createUninitializedDetached(values.dataType(), 'c', length / width, width);
        new ArrayMemory(values).copy(starts[from], new ArrayMemory(rows), 0, length);
        return rows;
    }

    /** Frees the memory. */
    public void close() {
        values.close();
    }
}
