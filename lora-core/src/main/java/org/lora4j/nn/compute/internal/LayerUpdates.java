package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The computations of the updates of one layer for one {@link Segment}, and what they share. A computation that is not needed is
 * kept for a later update of its kind, so a layer that switches between adapters creates no native contexts.
 *
 * @param <P> the computation of one update
 */
final class LayerUpdates<P> implements PassContext {
    private final PassResources resources;
    private final BiPredicate<P, WeightUpdate> binds;
    private final BiFunction<WeightUpdate, PassContext, P> create;
    private final BatchBuffer ones;
    private final List<P> bound = new ArrayList<>();
    private final List<P> idle = new ArrayList<>();
    private final List<WeightProduct.Further> requested = new ArrayList<>();
    private long filledOnes;
    private Segments batch;
    private Segment segment;
    private Parameter weight;

    /**
     * Creates an empty list.
     *
     * @param weight the weight of the layer
     * @param segment a segment without examples, or of any batch
     * @param binds binds a computation to an update; false if the update is of another kind
     * @param create creates a computation that is bound to an update
     */
    LayerUpdates(
            Parameter weight,
            Segment segment,
            PassResources resources,
            BiPredicate<P, WeightUpdate> binds,
            BiFunction<WeightUpdate, PassContext, P> create) {
        this.weight = weight;
        this.segment = segment;
        this.resources = resources;
        this.binds = binds;
        this.create = create;
        batch = Segments.of(segment);
        ones = new BatchBuffer(resources.dataType(), 1);
    }

    /** The computations of the updates that were bound last. */
    List<P> bound() {
        return bound;
    }

    /** The products that were requested beside the batch's. */
    List<WeightProduct.Further> requested() {
        return requested;
    }

    /** Says which batch is computed next. */
    void setBatch(Segments now) {
        batch = now;
    }

    /** Begins with a segment and the weight that it computes with, without updates. */
    void begin(Segment newSegment, Parameter newWeight) {
        segment = newSegment;
        weight = newWeight;
        requested.clear();
        idle.addAll(bound);
        bound.clear();
    }

    /** Binds a computation to each update. It reuses one of the same kind if there is one. */
    void bind(EffectiveLinear effective) {
        for (WeightUpdate update : effective.updates()) {
            bound.add(bind(update));
        }
    }

    private P bind(WeightUpdate update) {
        for (int i = 0; i < idle.size(); i++) {
            if (binds.test(idle.get(i), update)) {
                return idle.remove(i);
            }
        }
        return create.apply(update, this);
    }

    @Override
    public DataType dataType() {
        return resources.dataType();
    }

    @Override
    public char order() {
        return resources.order();
    }

    @Override
    public BatchBuffer newBuffer(long columns) {
        return resources.buffers().rows(columns);
    }

    @Override
    public boolean isTraining() {
        return resources.isTraining();
    }

    @Override
    public @Nullable Gradient gradient(Parameter parameter) {
        return segment.gradients().of(parameter);
    }

    @Override
    public Parameter weight() {
        return weight;
    }

    @Override
    public void requestWeightProduct(INDArray rows, INDArray product) {
        requested.add(new WeightProduct.Further(rows, product));
    }

    @Override
    public long step() {
        return segment.step();
    }

    @Override
    public long rowNumber(int row) {
        return batch.rowNumber(segment, row);
    }

    @Override
    public boolean isContinued() {
        return batch.isContinued();
    }

    @Override
    public INDArray ones(long rows) {
        INDArray column = ones.rows(rows);
        // Smaller columns lie at the start of the same memory.
        if (rows > filledOnes) {
            column.assign(1);
            filledOnes = rows;
        }
        return column;
    }
}
