package org.lora4j.nn.compute.internal;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.batch.internal.WeightGradient;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What one {@link Segment} computes of a linear layer beside the common product with the weight: its updates, its bias, the
 * gradients of its parameters, and the whole product if it has a weight of its own.
 */
final class SegmentLinear {
    private final Linear layer;
    private final long width;
    private final LayerUpdates<WeightUpdatePass> updates;
    private final Gemm biasGradientProduct = new Gemm(true, false, 1, 0);
    private final BatchBuffer bases;
    private final WeightProduct product;
    private final boolean keepsInputs;

    // What the segment computes with now.
    private @Nullable Segment segment;
    private @Nullable EffectiveLinear effective;
    private @Nullable INDArray biasRow;
    private @Nullable BiasAddition<?> biasAddition;
    private @Nullable WeightGradient weightGradient;
    private @Nullable Gradient biasGradient;
    private boolean readsBase;
    private boolean trains;

    // What forward keeps for backward.
    private @Nullable INDArray input;
    private @Nullable INDArray base;

    SegmentLinear(Linear layer, long width, Segment first, PassResources resources) {
        this.layer = layer;
        this.width = width;
        updates = new LayerUpdates<>(
                layer.weightParameter(), first, resources, WeightUpdatePass::bind, WeightUpdate::newPass);
        bases = resources.buffers().rows(width);
        product = new WeightProduct(layer.weightParameter().weight(), resources.order());
        keepsInputs = resources.keepsInputs();
    }

    /** Switches to a segment of a batch and to what it computes with now. Returns whether anything changed. */
    boolean bind(Segments batch, Segment newSegment) {
        updates.setBatch(batch);
        EffectiveLinear wanted = newSegment.of(layer);
        if (newSegment == segment && wanted.equals(effective)) {
            return false;
        }
        // Whatever fails on the way, the next call binds anew.
        effective = null;
        segment = newSegment;
        updates.begin(newSegment, wanted.weight());
        Parameter bias = wanted.bias();
        biasRow = bias == null ? null : bias.row();
        if (bias != null && biasAddition == null) {
            biasAddition = BiasAddition.of(updates.dataType(), width, updates::ones);
        }
        weightGradient = newSegment.gradients().ofWeight(wanted.weight());
        biasGradient = bias == null ? null : updates.gradient(bias);
        updates.bind(wanted);
        product.bind(wanted.weight().weight(), updates.requested());
        readsBase = updates.bound().stream().anyMatch(WeightUpdatePass::readsBase);
        trains = newSegment.trains(layer);
        effective = wanted;
        input = null;
        return true;
    }

    /** What the layer computes with for this segment. */
    EffectiveLinear effective() {
        if (effective == null) {
            throw new IllegalStateException("bind must be called before");
        }
        return effective;
    }

    /** The bias if it is all that the segment adds to the product, and lies in one piece; null otherwise. */
    @Nullable
    INDArray onlyBias() {
        INDArray row = biasRow;
        return row != null && updates.bound().isEmpty() && ArrayMemory.isInRows(row) ? row : null;
    }

    boolean readsBase() {
        return readsBase;
    }

    boolean trains() {
        return trains;
    }

    boolean trainsWeight() {
        return weightGradient != null;
    }

    /** The products that the updates requested beside that of the batch. */
    List<WeightProduct.Further> requested() {
        return updates.requested();
    }

    /** Computes {@code y = x·Wᵀ} with the weight of this segment, and what the updates requested beside it. */
    void multiply(INDArray x, INDArray y) {
        product.run(x, y);
    }

    /** Computes only what the updates requested beside the product of the batch. */
    void multiplyRequested() {
        product.runFurther();
    }

    /**
     * Adds the updates.
     *
     * @param y holds {@code x·Wᵀ [n, out]}
     */
    void addUpdates(INDArray x, INDArray y) {
        INDArray product = readsBase ? bases.rows(y.size(0)).assign(y) : y;
        for (WeightUpdatePass update : updates.bound()) {
            update.forward(x, product, y);
        }
        input = x;
        base = product;
    }

    /** Adds the bias if there is one. */
    void addBias(INDArray y) {
        if (biasRow != null && biasAddition != null) {
            biasAddition.run(biasRow, y);
        }
    }

    /**
     * Computes the gradients of the parameters.
     *
     * @param baseGradient holds the gradient of y; gets that of {@code x·Wᵀ}
     */
    void computeGradients(INDArray yGradient, INDArray baseGradient) {
        if (input == null || base == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        for (WeightUpdatePass update : updates.bound()) {
            update.backward(input, base, yGradient, baseGradient);
        }
        if (weightGradient != null) {
            weightGradient.set(baseGradient, input, keepsInputs);
        }
        if (biasGradient != null) {
            biasGradientProduct.configure(true, false, 1, biasGradient.beginProduct());
            biasGradientProduct.run(updates.ones(yGradient.size(0)), yGradient, biasGradient.row());
        }
    }

    /** Computes the part of the input's gradient that flows through the weight of this segment. */
    void multiplyGradient(INDArray baseGradient, INDArray xGradient, boolean adds) {
        product.runTransposed(baseGradient, xGradient, adds);
    }

    /** Adds the parts of the input's gradient that flow through the updates. */
    void addInputGradients(INDArray xGradient) {
        for (WeightUpdatePass update : updates.bound()) {
            update.addInputGradient(xGradient);
        }
    }

    /**
     * Adds the bias of a linear layer to each row, {@code y = y + b}. Rows in one piece are added in loops, which the processors
     * divide; columns as a product with a column of ones.
     */
    private static final class BiasAddition<A> {
        private final RowMath<A> math;
        private final int width;
        private final A bias;
        private final Workers<A> rows;
        private final LongFunction<INDArray> ones;
        private final Gemm product = new Gemm(false, false, 1, 1);
        private @Nullable INDArray boundBias;
        private @Nullable INDArray boundY;
        private @Nullable ArrayMemory biasMemory;
        private @Nullable ArrayMemory yMemory;

        private BiasAddition(RowMath<A> math, int width, LongFunction<INDArray> ones) {
            this.math = math;
            this.width = width;
            bias = math.array(width);
            rows = new Workers<>(() -> math.array(width));
            this.ones = ones;
        }

        /**
         * Creates the addition.
         *
         * @param dataType FLOAT or DOUBLE
         * @param width the number of outputs
         * @param ones returns a column of so many ones
         */
        static BiasAddition<?> of(DataType dataType, long width, LongFunction<INDArray> ones) {
            return new BiasAddition<>(RowMath.of(dataType), Math.toIntExact(width), ones);
        }

        /**
         * Adds the bias.
         *
         * @param biasRow b {@code [1, out]}
         * @param y {@code [n, out]}
         */
        void run(INDArray biasRow, INDArray y) {
            int n = Math.toIntExact(y.size(0));
            if (!ArrayMemory.isInRows(biasRow) || !ArrayMemory.isInRows(y)) {
                product.run(ones.apply(n), biasRow, y);
                return;
            }
            bind(biasRow, y);
            ArrayMemory memory = requireNonNull(yMemory);
            math.read(requireNonNull(biasMemory), 0, bias, width);
            rows.runRows(0, n, nanosPerRow(), (row, from, to) -> {
                for (int i = from; i < to; i++) {
                    math.read(memory, i * width, row, width);
                    math.add(bias, row, width);
                    math.write(memory, i * width, row, width);
                }
            });
        }

        /** Opens the memory of arrays that are not those of the last call: for a small layer this takes as long as the addition. */
        private void bind(INDArray biasRow, INDArray y) {
            if (biasRow != boundBias) {
                biasMemory = new ArrayMemory(biasRow);
                boundBias = biasRow;
            }
            if (y != boundY) {
                yMemory = new ArrayMemory(y);
                boundY = y;
            }
        }

        /** About a quarter of a nanosecond for an element. */
        private long nanosPerRow() {
            return width / 4;
        }
    }
}
