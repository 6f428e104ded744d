package org.lora4j.text;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Network;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;
import org.lora4j.text.tokens.TextTokens;

/**
 * What an adapter or a model does, ready for requests.
 *
 * @param task the task
 * @param rows the task on the model; null if it has not one answer for each text
 */
record KnownTask(Task task, @Nullable RowModel<?, ?> rows) {
    /**
     * Prepares a task.
     *
     * @param network the network with the head of the task
     * @throws IllegalArgumentException if the model does not take so long texts, or a prompt leaves no room
     */
    static KnownTask of(Task task, TextTokens tokens, Network network) {
        return new KnownTask(task, task instanceof RowTask<?, ?> rows ? rows.on(tokens, network) : null);
    }
}
