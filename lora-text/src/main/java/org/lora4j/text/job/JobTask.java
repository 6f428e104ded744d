package org.lora4j.text.job;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.lora4j.AdapterView;
import org.lora4j.nn.Model;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Task;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import org.lora4j.text.train.TrainableTask;

/**
 * What a {@link JobMethod} makes of the rows of a file. All rows that train are seen before {@link #trainable} is called.
 *
 * @param <E> an example
 */
abstract class JobTask<E> {
    /**
     * Returns the examples of a row, always the same ones.
     *
     * @throws org.lora4j.text.data.TextFormatException if the row is wrong
     */
    abstract List<E> examples(TextRow row);

    /** Sees an example that trains, before the training. */
    void learn(E example) {}

    /**
     * Checks what is only known when all rows that train were seen.
     *
     * @throws org.lora4j.text.data.TextFormatException if the example cannot be used
     */
    void check(TextRow row, E example) {}

    /**
     * Creates what trains, after all rows that train were seen.
     *
     * @throws IOException if a file of the model cannot be read
     * @throws IllegalArgumentException if the rows together are not enough
     */
    abstract TrainableTask<E, ?> trainable(long seed) throws IOException;

    /** Gives a new adapter its start. Returns whether steps follow. */
    boolean begin(AdapterView adapter, List<E> train, boolean asksForEpochs, long seed) {
        return true;
    }

    /** Chooses what is chosen after the last step, on the rows that choose. */
    void end(AdapterView adapter, List<E> choosing) {}

    /** Returns what holds examples together: those of equal texts both choose or both judge. Empty if each stands alone. */
    Optional<String> group(E example) {
        return Optional.empty();
    }

    abstract DefaultRate rate();

    abstract DefaultEpochs epochs();

    abstract int batchSize();

    /** Measures a model on each row that judges. */
    abstract Scores scores(Model model, List<E> judging);

    /**
     * Measures an adapter that another training saved.
     *
     * @param saved what that one is for
     * @param trained what this one is for
     * @return empty if these are two tasks
     */
    Optional<Scores> scores(Model model, Task saved, Task trained, List<E> judging) {
        return saved.equals(trained) ? Optional.of(scores(model, judging)) : Optional.empty();
    }

    /** What the adapter is compared with in any case. */
    abstract String baseline();

    /** Measures that. */
    abstract Scores baseline(List<E> judging);
}
