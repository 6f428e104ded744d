package org.lora4j.train;

import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.nn.Model;
import org.lora4j.nn.internal.Pass;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes the mean loss of a model over all rows of some data. */
final class ValidationLoss implements DoubleSupplier {
    private final CheckedLoss loss;
    private final BatchSource data;
    private final Model model;
    private final BatchBuffer unusedGradients;
    private @Nullable Pass pass;
    private int runs;

    ValidationLoss(Model model, Loss loss, BatchSource data) {
        this.model = model;
        this.loss = new CheckedLoss(loss);
        this.data = data;
        unusedGradients = TrainingStep.outputGradients(model);
    }

    @Override
    public double getAsDouble() {
        Pass now = pass == null ? Passes.forPredictions(model) : pass;
        pass = now;
        data.reset(++runs);
        double sum = 0;
        long rows = 0;
        while (data.hasNext()) {
            Batch batch = data.next().here();
            INDArray output = now.forward(batch.input());
            long size = output.size(0);
            INDArray expected = loss.expected(batch.input(), output, batch.labels());
            double value = loss.compute(output, expected, unusedGradients.rows(size));
            long weight = loss.weight(output, expected);
            sum += weight * value;
            rows += weight;
        }
        if (rows == 0) {
            throw new IllegalArgumentException("validation: the data must hold at least one batch, found none");
        }
        return sum / rows;
    }
}
