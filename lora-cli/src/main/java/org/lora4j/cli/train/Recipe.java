package org.lora4j.cli.train;

import java.util.List;
import org.lora4j.train.Batch;

/**
 * What a task does before the steps of a training, and after them.
 *
 * @param <E> an example
 */
public interface Recipe<E> {
    /**
     * Gives the adapter its start. It is called again, with more examples, for an adapter that learns all of them.
     *
     * @param examples the examples for training
     * @return whether steps follow; false if nothing is left to train
     */
    boolean begin(List<E> examples);

    /**
     * Chooses between the adapter after the steps and what it could be without them.
     *
     * @param validation batches of the examples that chose the epoch; there may be none
     * @return whether the steps are kept
     */
    default boolean keepsSteps(Iterable<Batch> validation) {
        return true;
    }

    /**
     * Makes the adapter what it could be without steps, after {@link #begin}.
     *
     * @throws UnsupportedOperationException if the steps are always kept
     */
    default void leaveOutSteps() {
        throw new UnsupportedOperationException("the steps are the training");
    }

    /**
     * Returns the recipe of a task that has none of its own: the steps are the training.
     *
     * @param <E> an example
     * @return a recipe that does nothing
     */
    static <E> Recipe<E> steps() {
        return examples -> true;
    }
}
