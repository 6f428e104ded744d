package org.lora4j.train;

import java.util.List;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes the gradients of a training elsewhere, for example on several machines, each of which has a part of the data. The
 * {@link Trainer} leaves the forward and the backward computation to it and does everything after them as ever:
 * accumulation, clipping, the updater, listeners, validation, checkpoints and resuming.
 *
 * <pre>{@code
 * Trainer.builder(view).updater(new Adam(1e-3)).epochs(3).build().fit(source);
 * }</pre>
 *
 * <p>The source reads the parameters of the model when {@link #compute} is called. If it computes the mean gradients over
 * the rows of a batch, for example with {@link BatchGradients} for each part of it, the training ends with the same
 * parameters as one that has all rows on one machine, except for rounding. With {@code accumulate}, batches count by their
 * examples; a loss of tokens counts them by their labels on one machine, so there the batches of a step must have as many labels
 * each. All machines must then have the same model: the
 * same base, and an adapter with the same configuration and seed.
 */
public interface GradientSource {
    /**
     * Returns the number of batches of an epoch.
     *
     * @return the number, at least 1; always the same
     */
    int batches();

    /**
     * Returns the number of examples of a batch.
     *
     * @param batch the number of the batch in its epoch, from 0
     * @return the number of examples, at least 1; always the same for a batch
     */
    int examples(int batch);

    /**
     * Computes a batch with the parameters as they are now.
     *
     * @param number the number of batches that the training has computed before this one, over all epochs. The batch is
     *     number {@code number % batches()} of its epoch
     * @param gradients get the mean gradients over all rows of the batch: one array for each trainable parameter, in the
     *     order of {@link BatchGradients#parameters} and in the shape of its value
     * @return the mean loss over all rows of the batch. If it is not finite, the training ends with a
     *     {@link DivergedException}
     */
    double compute(long number, List<INDArray> gradients);
}
