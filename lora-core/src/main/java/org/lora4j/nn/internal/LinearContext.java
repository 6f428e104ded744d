package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the updates of one layer share for one {@link Segment}. */
final class LinearContext implements PassContext {
    private final PassResources resources;
    private final OnesColumn ones;
    private final List<WeightProduct.Further> requested = new ArrayList<>();
    private Segment segment;
    private Parameter weight;

    LinearContext(Parameter weight, Segment segment, PassResources resources) {
        this.weight = weight;
        this.segment = segment;
        this.resources = resources;
        ones = new OnesColumn(resources.dataType());
    }

    /** Starts anew with a weight and without requests, before the updates are bound. */
    void bind(Segment newSegment, Parameter newWeight) {
        segment = newSegment;
        weight = newWeight;
        requested.clear();
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

    /** The products that were requested beside the batch's. */
    List<WeightProduct.Further> requested() {
        return requested;
    }

    @Override
    public long step() {
        return segment.step().number();
    }

    @Override
    public long rowNumber(int row) {
        return resources.rowNumber(segment.step(), row);
    }

    @Override
    public boolean isContinued() {
        return resources.batch().isContinued();
    }

    @Override
    public INDArray ones(long rows) {
        return ones.rows(rows);
    }
}
