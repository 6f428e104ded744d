package org.lora4j.text.task;

import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.text.data.Labels;

/**
 * What a model and its adapter do with texts. A model says it in {@code config.json} and {@code modules.json}; an adapter in
 * {@code task.json}, which the command line writes beside PEFT's files, or in {@code task_type} of {@code adapter_config.json}. An adapter
 * that says it decides for itself, so one adapter, one model and one text have one answer wherever they are asked. {@link ModelTask},
 * {@link AdapterTask} and {@link TaskFile} find a task.
 */
public sealed interface Task permits RowTask, Generate {
    /**
     * Returns what the network ends with.
     *
     * @return the head. Tasks with equal ones share a network
     */
    Head head();

    /**
     * Returns where texts are cut.
     *
     * @return the most tokens of a text; empty for where the files of the model say
     */
    OptionalInt maxTokens();

    /**
     * Returns the same task with what a program asks for.
     *
     * @param asked the settings
     * @return the task; each setting that is given replaces that of the task
     * @throws IllegalArgumentException if a setting has no effect on this task
     */
    Task with(TaskSettings asked);

    /**
     * Returns what the task does, for messages.
     *
     * @return for example {@code "embeds texts"}
     */
    String does();

    /**
     * Returns the names of the classes.
     *
     * @return the labels of a task that has classes; nothing for another one
     */
    default Optional<Labels> classes() {
        return Optional.empty();
    }

    /**
     * Returns what the outputs of a classifier mean, whether it reads texts or pairs of texts.
     *
     * @return the labels and their thresholds, or the number; nothing for another task
     */
    default Optional<Outputs> classifierOutputs() {
        return Optional.empty();
    }

    /**
     * Checks that an adapter has what the task reads.
     *
     * @param where the adapter, for the message
     * @param adapter the adapter
     * @param hasOwn whether the model has a head of its own, which an adapter without one uses
     * @throws IOException if it has not
     */
    default void requireFits(Object where, LoRAAdapter adapter, boolean hasOwn) throws IOException {}
}
