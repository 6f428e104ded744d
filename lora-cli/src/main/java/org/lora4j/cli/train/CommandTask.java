package org.lora4j.cli.train;

import java.io.IOException;
import java.util.AbstractList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.RandomAccess;
import org.lora4j.AdapterView;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.console.report.ReportText;
import org.lora4j.nn.Model;
import org.lora4j.text.train.TrainableTask;

/**
 * A task that a command trains: an open model with an adapter, the examples of a file, and what the report says of them.
 * {@link TaskTraining} does the rest.
 *
 * @param <E> an example
 * @param <M> what a model is measured by
 * @param <R> what the report says
 */
public abstract class CommandTask<E, M, R extends TaskResult> {
    private final String model;
    private final TrainableTask<E, M> task;
    private final AdapterView adapter;
    private final DataFile.Divided<E> examples;
    private final Examples<E> train;
    private final Examples<E> validation;

    /**
     * Creates a task.
     *
     * @param model the name of the model
     * @param task what is learned on it
     * @param adapter the adapter that trains
     * @param examples the examples, at least one of which is for training
     */
    protected CommandTask(String model, TrainableTask<E, M> task, AdapterView adapter, DataFile.Divided<E> examples) {
        this.model = model;
        this.task = task;
        this.adapter = adapter;
        this.examples = examples;
        train = new Examples<>(task, examples.train());
        validation = new Examples<>(task, examples.validation());
    }

    /**
     * Returns the name of the model.
     *
     * @return such as the name of its folder
     */
    protected final String model() {
        return model;
    }

    /**
     * Returns what is learned.
     *
     * @return the task on the model
     */
    protected final TrainableTask<E, M> task() {
        return task;
    }

    /**
     * Returns what trains.
     *
     * @return the adapter
     */
    protected final AdapterView adapter() {
        return adapter;
    }

    /**
     * Returns the examples.
     *
     * @return all parts
     */
    protected final DataFile.Divided<E> examples() {
        return examples;
    }

    /**
     * Returns the examples for training.
     *
     * @return as batches
     */
    protected final Examples<E> train() {
        return train;
    }

    /** Returns those of the validation; there may be none. */
    final Examples<E> validation() {
        return validation;
    }

    /**
     * Measures a model on the examples that judge.
     *
     * @param measured the model alone, or the adapter
     * @return the numbers
     */
    protected M measure(Model measured) {
        return task.measure(measured, examples.judging());
    }

    /**
     * Returns which examples judge.
     *
     * @return the test, or the validation if there is no test
     */
    protected final Judgement.MeasuredOn measuredOn() {
        return Judgement.MeasuredOn.of(examples.test());
    }

    /**
     * Returns where examples are cut.
     *
     * @return the most tokens of one; 0 if nothing is lost
     */
    protected int maxTokens() {
        return 0;
    }

    /**
     * Returns whether layers are computed again for their gradients.
     *
     * @return true to use less memory and more time
     */
    protected boolean recomputes() {
        return false;
    }

    /**
     * Returns the settings of the task that decide about the result.
     *
     * @return the values by name
     */
    protected abstract Map<String, Object> settings();

    /**
     * Returns what is done before and after the steps.
     *
     * @return the recipe, always the same one
     */
    protected Recipe<E> recipe() {
        return Recipe.steps();
    }

    /**
     * Returns whether the adapter that is written learns all examples, those of the validation and of the test too, once it was measured.
     *
     * @return true to train a second time
     */
    protected boolean learnsAll() {
        return false;
    }

    /** Returns all examples: those for training, for the validation and for the test. */
    final Examples<E> all() {
        List<List<E>> parts = List.of(examples.train(), examples.validation(), examples.test());
        return new Examples<>(task, new Joined<>(parts));
    }

    /**
     * Returns what an example is.
     *
     * @return a noun in the singular
     */
    protected String noun() {
        return "example";
    }

    /**
     * Returns how many examples there are.
     *
     * @return a line for the user
     */
    protected String summary() {
        int test = examples.test().size();
        String trained = ReportText.count(train.size(), noun()) + " for training";
        String held = ReportText.count(validation.size()) + " for the validation";
        return test == 0
                ? trained + " and " + held
                : trained + ", " + held + " and " + ReportText.count(test) + " for the test";
    }

    /**
     * Judges the trained adapter on the examples for the test, or on those of the validation if there is no test.
     *
     * @return what the report says
     * @throws IOException if a file that tests the adapter cannot be read or written
     */
    protected abstract R judge() throws IOException;

    /**
     * Returns what is said of the task.
     *
     * @return the words of the page and the model card
     */
    public abstract TaskPage page();

    /** Lists one after the other, which may read their elements from a file. */
    private static final class Joined<E> extends AbstractList<E> implements RandomAccess {
        private final List<List<E>> parts;

        Joined(List<List<E>> parts) {
            this.parts = parts;
        }

        @Override
        public E get(int index) {
            int in = Objects.checkIndex(index, size());
            for (List<E> part : parts) {
                if (in < part.size()) {
                    return part.get(in);
                }
                in -= part.size();
            }
            throw new AssertionError("the parts changed");
        }

        @Override
        public int size() {
            return parts.stream().mapToInt(List::size).sum();
        }
    }
}
