package org.lora4j.text;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.text.task.Task;

/**
 * The answers to a request.
 *
 * @param values an answer for each text or pair, in their order
 * @param tokens how many tokens they had, with the special ones and without those that were cut off
 * @param task what the adapter that answered is for
 * @param adapter the adapter that answered; null for the model alone
 * @param <R> an answer
 */
public record Answer<R>(
        List<R> values, int tokens, Task task, @Nullable UsedAdapter adapter) {
    /**
     * Copies the list.
     *
     * @param values the answers
     * @param tokens how many tokens they had
     * @param task what the adapter is for
     * @param adapter the adapter, or null
     */
    public Answer {
        values = List.copyOf(Objects.requireNonNull(values, "values must not be null"));
        Objects.requireNonNull(task, "task must not be null");
    }
}
