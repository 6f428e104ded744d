package org.lora4j.update.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A training context of its own that notes what is asked of it. */
public final class RecordingContext implements PassContext {
    private final DataType type;
    private final Map<String, Gradient> gradients = new LinkedHashMap<>();
    private final List<Long> widths = new ArrayList<>();
    private long step;
    private long rowsBefore;

    public RecordingContext(DataType type) {
        this.type = type;
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
        throw new UnsupportedOperationException();
    }

    @Override
    public void requestWeightProduct(INDArray rows, INDArray product) {
        throw new UnsupportedOperationException();
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
