package org.lora4j.train;

import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Pass;

/** Computes the mean loss of a model over all rows of some data. */
final class ValidationLoss implements DoubleSupplier {
    private final CheckedLoss loss;
    private final BatchSource data;
    private final Model model;
    private @Nullable Pass pass;
    private @Nullable BatchLoss losses;
    private int runs;

    ValidationLoss(Model model, Loss loss, BatchSource data) {
        this.model = model;
        this.loss = new CheckedLoss(loss);
        this.data = data;
    }

    @Override
    public double getAsDouble() {
        Pass now = pass == null ? model.newInferencePass() : pass;
        BatchLoss computed = losses == null ? BatchLoss.of(now, model) : losses;
        pass = now;
        losses = computed;
        data.reset(++runs);
        double sum = 0;
        long rows = 0;
        while (data.hasNext()) {
            Batch batch = data.next().here();
            now.require(batch.input());
            now.segment().resolve();
            computed.forward(Segments.of(now.segment(), batch.input()), loss.isOfTokens());
            BatchLoss.Value value = computed.compute(0, batch.input(), batch.labels(), loss);
            sum += value.weight() * value.value();
            rows += value.weight();
        }
        if (rows == 0) {
            throw new IllegalArgumentException("validation: the data must hold at least one batch, found none");
        }
        return sum / rows;
    }
}
