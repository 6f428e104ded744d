package org.lora4j.text.train;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.text.data.Dataset;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.text.task.Task;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Validation;

/**
 * A task that an adapter can be trained for: the loss, how examples become a batch, and how held-out examples are measured. A program
 * brings the examples, and decides how long it trains and where the adapter goes.
 *
 * <pre>{@code
 * AdapterView adapter = LoRAModel.of(task.network()).add("topics", task.config(LoRAConfig.of(8, 16)));
 * Trainer.builder(adapter)
 *         .loss(task.loss())
 *         .updater(new AdamW(1e-3, 0.01))
 *         .validation(task.validation(held.batches(16).map(task::batch)))
 *         .build()
 *         .fit(examples.batches(16).map(task::batch));
 * adapter.save(folder);
 * TaskFile.write(task.task(), folder);
 * }</pre>
 *
 * <p>One thread at a time uses it.
 *
 * @param <E> an example
 * @param <M> what is measured
 */
public interface TrainableTask<E, M> {
    /**
     * Returns what the trained adapter is for.
     *
     * @return the task, with the limit with which it trains
     */
    Task task();

    /**
     * Returns the base of the adapter.
     *
     * @return the model with the head of the task
     */
    Network network();

    /**
     * Returns the configuration of a new adapter.
     *
     * @param asked what a program asks for
     * @return the configuration with what the head of the task needs, such as a classifier that trains in full
     * @throws IllegalArgumentException if both contradict each other
     */
    default LoRAConfig config(LoRAConfig asked) {
        return task().head().config(asked, network());
    }

    /**
     * Returns what is minimised.
     *
     * @return the loss of the batches of {@link #batch}
     */
    Loss loss();

    /**
     * Returns examples as a batch.
     *
     * @param examples the examples, at least one
     * @return their tokens: a sequence for each example, or first one of each, then a second one of each; and what the loss needs
     * @throws IllegalArgumentException if an example has no tokens, or the model cannot take it
     */
    Batch batch(List<E> examples);

    /**
     * Returns what should not stand twice in a batch, because the loss takes the texts of other examples as wrong answers.
     *
     * @return the texts of an example, for {@link EpochBatches#distinct} and {@link Dataset#distinctBatches}; nothing if any examples
     *     may come together
     */
    default Optional<Function<E, List<String>>> distinctTexts() {
        return Optional.empty();
    }

    /**
     * Returns what chooses the best epoch.
     *
     * @param held batches of examples that do not train, in the same order each time they are iterated over
     * @return their mean loss
     */
    default Validation validation(Iterable<Batch> held) {
        return Validation.loss(held);
    }

    /**
     * Measures a model, to judge it.
     *
     * @param model the network, or an adapter on it
     * @param held examples that do not train
     * @return the numbers
     */
    M measure(Model model, Iterable<E> held);
}
