package org.lora4j.text.job;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.lora4j.AdapterView;
import org.lora4j.nn.Model;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Outputs;
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

    /**
     * Measures a model on each row that judges. It reads a text as it is served: with the limit, the prompts and the thresholds of its own task.
     *
     * @param served what it is for: what trains, or what {@link #requireComparable} takes
     */
    abstract Scores scores(Model model, Task served, List<E> judging);

    /**
     * Checks that an adapter that another training saved answers the same question. It may cut texts elsewhere, and its labels may have
     * another order.
     *
     * @param saved what that one is for
     * @param trained what this one is for
     * @throws IllegalArgumentException if one number for both would say nothing
     */
    void requireComparable(Task saved, Task trained) {
        if (saved.getClass() != trained.getClass()
                || saved.head() != trained.head()
                || !problem(saved).equals(problem(trained))) {
            throw new IllegalArgumentException("it is for another task: it must be one that " + describe(trained)
                    + ", found one that " + describe(saved));
        }
        Set<String> names = names(trained);
        if (!names(saved).equals(names)) {
            throw new IllegalArgumentException("it must have the labels " + names + ", found " + names(saved));
        }
    }

    private static Optional<ProblemType> problem(Task task) {
        return task.classifierOutputs().map(Outputs::problem);
    }

    private static String describe(Task task) {
        return task.does() + " with the head " + task.head().text()
                + problem(task).map(problem -> ", " + problem.text()).orElse("");
    }

    /** Returns the names of the labels in one order. That of a number is only its name. */
    private static Set<String> names(Task task) {
        boolean isNumber = problem(task).filter(ProblemType.REGRESSION::equals).isPresent();
        return isNumber
                ? Set.of()
                : new TreeSet<>(task.classes().map(Labels::names).orElse(List.of()));
    }

    /** What the adapter is compared with in any case. */
    abstract String baseline();

    /** Measures that. */
    abstract Scores baseline(List<E> judging);
}
