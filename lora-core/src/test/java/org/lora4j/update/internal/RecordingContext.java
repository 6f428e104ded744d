package org.lora4j.update.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A training context of its own that notes what is asked of it. */
public final class RecordingContext implements PassContext {
    private final DataType type;
    private final @Nullable Parameter weight;
    private final List<INDArray> requested = new ArrayList<>();
    private final Map<String, Gradient> gradients = new LinkedHashMap<>();
    private final List<Long> widths = new ArrayList<>();
    private long step;
    private long rowsBefore;
    private boolean isContinued;

    public RecordingContext(DataType type) {
        this(type, null);
    }

    RecordingContext(DataType type, @Nullable Parameter weight) {
        this.type = type;
        this.weight = weight;
    }

    /** The rows whose products with the weight were requested. */
    List<INDArray> requested() {
        return requested;
    }

    public Set<String> gradients() {
        return gradients.keySet();
    }

    /** All elements handed out, for a batch of some rows. */
    public long elements(long rows) {
        return gradients.values().stream()
                        .mapToLong(gradient -> gradient.array().length())
                        .sum()
                + rows * widths.stream().mapToLong(Long::longValue).sum();
    }

    void setRowsBefore(long rowsBefore) {
        this.rowsBefore = rowsBefore;
    }

    void setStep(long step) {
        this.step = step;
    }

    void setContinued(boolean isContinued) {
        this.isContinued = isContinued;
    }

    @Override
    public boolean isContinued() {
        return isContinued;
    }

    @Override
    public DataType dataType() {
        return type;
    }

    @Override
    public char order() {
        return 'f';
    }

    @Override
    public long rowNumber(int row) {
        return rowsBefore + row;
    }

    @Override
    public BatchBuffer newBuffer(long columns) {
        return new BatchBuffer(type, columns, order());
    }

    @Override
    public boolean isTraining() {
        return true;
    }

    @Override
    public Gradient gradient(Parameter parameter) {
        return gradients.computeIfAbsent(
                parameter.name(), name -> new Gradient(parameter.value().like()));
    }

    @Override
    public Parameter weight() {
        return Objects.requireNonNull(weight, "this context has no weight");
    }

    @Override
    public void requestWeightProduct(INDArray rows, INDArray product) {
        requested.add(rows);
    }

    @Override
    public long step() {
        return step;
    }

    @Override
    public INDArray ones(long rows) {
        return Nd4j.ones(type, rows, 1);
    }
}
