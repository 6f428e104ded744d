package org.lora4j.spark.internal.rows;

import java.io.Serializable;
import java.util.List;
import java.util.function.Supplier;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The inputs of one or several rows, in their order: features, or tokens. */
public abstract class Inputs implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Puts the inputs of several rows one after the other. */
    public static Inputs concat(List<Inputs> parts) {
        return parts.isEmpty()
                ? new FeatureInputs(FlatValues.rounded(new double[0], DataType.FLOAT), 0)
                : parts.get(0).joined(parts);
    }

    /** Joins inputs of the same kind, of which this is the first. */
    abstract Inputs joined(List<Inputs> parts);

    /** Adds the content of all rows to a hash. */
    abstract void addTo(RowHash hash);

    /** The number of tokens that are computed of some rows; 0 if the rows are features. */
    public abstract int tokens(int from, int to);

    /** The number of sequences of some rows; 0 if each row is one. */
    public int sequences(int from, int to) {
        return 0;
    }

    /** The number of rows. */
    public abstract int count();

    /** Some rows as a model takes them. */
    abstract Input input(int from, int to);

    /** Some rows with their labels. */
    Batch batch(int from, int to, Supplier<INDArray> labels) {
        return new Batch(input(from, to), labels.get());
    }

    /**
     * Computes the gradients of some rows.
     *
     * @param labels {@code [n, out]}, for inputs that have none themselves
     * @param place where the rows are in the training
     * @return the mean loss
     */
    public final double compute(BatchGradients gradients, int from, int to, Supplier<INDArray> labels, Place place) {
        return gradients.compute(batch(from, to, labels), place.number(), place.rows(), place.tokens());
    }

    /**
     * Computes the loss of some rows without dropout.
     *
     * @param weight the sum of their weights
     * @param labels {@code [n, out]}, for inputs that have none themselves
     */
    public PartialLoss loss(Model view, Loss loss, int from, int to, double weight, Supplier<INDArray> labels) {
        INDArray output = view.predict(input(from, to));
        return new PartialLoss(weight, weight * loss.compute(output, labels.get(), output.ulike()));
    }

    /** Computes the outputs {@code [n, out]} of all rows. */
    public final INDArray predict(Model model) {
        return model.predict(input(0, count()));
    }

    /** Computes the outputs of all rows, each {@code [1, out]} with its adapter. */
    public final List<INDArray> predict(LoRAModel model, List<String> adapters) {
        return model.predictEach(input(0, count()), adapters);
    }

    /**
     * The place of rows in a training.
     *
     * @param number the number of their batch, from 0
     * @param rows the rows of the batch before them, or the sequences
     * @param tokens the tokens of the batch before them
     */
    public record Place(long number, long rows, long tokens) {}
}
