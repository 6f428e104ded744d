package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What the updates of one linear layer share in one pass. */
final class LinearContext implements PassContext {
    private final DataType dataType;
    private final Gradients gradients;
    private final PassStep step;
    private final OnesColumn ones;
    private final List<WeightProduct.Further> requested = new ArrayList<>();
    private Parameter weight;

    LinearContext(Parameter weight, Gradients gradients, PassStep step) {
        this.weight = weight;
        dataType = weight.value().dataType();
        this.gradients = gradients;
        this.step = step;
        ones = new OnesColumn(dataType);
    }

    /** Starts anew with a weight and without requests, before the updates are bound. */
    void begin(Parameter newWeight) {
        weight = newWeight;
        requested.clear();
    }

    @Override
    public DataType dataType() {
        return dataType;
    }

    @Override
    public boolean isTraining() {
        return gradients.isTraining();
    }

    @Override
    public @Nullable INDArray gradient(Parameter parameter) {
        return gradients.of(parameter);
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
        return step.number();
    }

    @Override
    public INDArray ones(long rows) {
        return ones.rows(rows);
    }
}
