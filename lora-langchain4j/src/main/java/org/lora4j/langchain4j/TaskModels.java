package org.lora4j.langchain4j;

import java.util.List;
import java.util.function.BiFunction;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.internal.MessageText;
import org.lora4j.text.Adapters;
import org.lora4j.text.TextModel;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;

/**
 * What a model and its adapters do with texts of one task: each adapter as its files say. Thread-safe.
 *
 * @param opened the model
 * @param kind the class of the task
 * @param alone the task of the model, and of adapters that say nothing
 * @param adapters the tasks of adapters
 * @param names the adapters in the model
 * @param <Q> what is asked
 * @param <R> an answer
 * @param <T> the task
 */
record TaskModels<Q, R, T extends RowTask<Q, R>>(
        TextModel opened, Class<T> kind, T alone, Adapters adapters, ModelNames names) {
    /**
     * Computes with adapters, which stay in the model for so long, and with what they are for.
     *
     * @throws dev.langchain4j.exception.ModelNotFoundException if there is no such adapter
     * @throws IllegalArgumentException if an adapter is for another task, or two adapters are for different ones
     */
    <V> V compute(List<String> used, BiFunction<AdapterView, RowModel<Q, R>, V> computation) {
        return names.compute(used, view -> {
            while (true) {
                T task = task(used);
                RowModel<Q, R> rows = GivenModel.requireOpen(
                        () -> task.on(opened.textTokens(), names.model().network()));
                V result = computation.apply(view, rows);
                // An adapter that was replaced meanwhile can have another task.
                if (task(used).equals(task)) {
                    return result;
                }
            }
        });
    }

    /** Returns what adapters in the model are for. */
    T task(List<String> used) {
        T found = null;
        for (String name : used) {
            T one = task(name);
            if (found != null && !found.equals(one)) {
                throw new IllegalArgumentException("adapters that are used together must cut texts alike, and have the"
                        + " same prompts and dimensions, found " + used + " with " + found + " and " + one
                        + "; use them apart");
            }
            found = one;
        }
        return found == null ? alone : found;
    }

    private T task(String name) {
        LoRAModel model = names.model();
        Task task =
                adapters.task(new UsedAdapter(name, model.fingerprint(name))).orElse(alone);
        if (!kind.isInstance(task)) {
            throw new IllegalArgumentException("the adapter " + MessageText.quote(name) + " " + task.does()
                    + ", found a request for a model that " + alone.does());
        }
        return kind.cast(task);
    }
}
