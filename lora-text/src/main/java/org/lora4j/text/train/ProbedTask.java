package org.lora4j.text.train;

import java.util.List;
import java.util.Objects;
import org.lora4j.nn.Model;
import org.lora4j.text.task.LinearModel;
import org.lora4j.train.Batch;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A task on texts whose classifier can begin as a linear model on what the frozen model gives, see {@link HeadProbe}.
 *
 * @param <E> an example
 * @param <M> what is measured
 */
public interface ProbedTask<E, M> extends TrainableTask<E, M> {
    /**
     * Returns what a linear model is fitted to.
     *
     * @param features a row for each example {@code [n, dim]}
     * @param examples the examples
     * @param hasBias whether the linear model has a bias
     * @return the rows with their targets
     */
    LinearModel.Rows rows(INDArray features, List<E> examples, boolean hasBias);

    /**
     * Returns how much stronger the penalty of the linear model with which an adapter begins is than that of the best one.
     *
     * @return 1 if an adapter begins with the best one
     */
    default double penaltyOfStart() {
        return 1;
    }

    /**
     * Returns the loss of a model without dropout.
     *
     * @param model the network, or an adapter on it
     * @param held batches of examples, at least one
     * @return the mean of {@link #loss} over all examples
     */
    default double heldLoss(Model model, Iterable<Batch> held) {
        double sum = 0;
        long examples = 0;
        for (Batch batch : held) {
            INDArray outputs = model.predict(batch.input());
            INDArray labels = Objects.requireNonNull(batch.labels());
            sum += outputs.size(0) * loss().compute(outputs, labels, outputs.ulike());
            examples += outputs.size(0);
        }
        return sum / examples;
    }

    @Override
    default Validation validation(Iterable<Batch> held) {
        return Validation.cost(model -> heldLoss(model, held));
    }
}
