package org.lora4j.cli.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextModel;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskSettings;

/**
 * A model with one adapter, or alone, that answers for one task as their files say.
 *
 * @param <Q> what is asked
 * @param <R> an answer
 */
public final class OneAdapter<Q, R> implements AutoCloseable {
    private static final String NAME = "adapter";

    private final TextModel opened;
    private final LoRAModel model;
    private final RowTask<Q, R> task;
    private final RowModel<Q, R> rows;

    private OneAdapter(TextModel opened, LoRAModel model, RowTask<Q, R> task) {
        this.opened = opened;
        this.model = model;
        this.task = task;
        rows = task.on(opened.textTokens(), model.network());
    }

    /**
     * Opens a model.
     *
     * @param kind the class of the task
     * @param files the model, and its adapter if there is one
     * @param alone what the model does alone, which holds for an adapter that says nothing
     * @param asked what replaces what the files say
     * @param <Q> what is asked
     * @param <R> an answer
     * @param <T> the task
     * @return the model
     * @throws IOException if a file cannot be read, or the adapter does not fit or is for another task
     */
    public static <Q, R, T extends RowTask<Q, R>> OneAdapter<Q, R> open(
            Class<T> kind, AdaptedModel files, T alone, TaskSettings asked) throws IOException {
        SavedAdapter adapter = files.adapter();
        Path folder = files.model();
        T early = require(
                kind, folder, adapter, adapter == null ? alone : adapter.task().orElse(alone));
        TextModel.requireHead(ModelSource.of(folder), early.head());
        TextModel opened = TextModel.open(ModelSource.of(folder), files.storage());
        try {
            Network network = opened.network(early.head());
            LoRAModel model = LoRAModel.of(network);
            Task task = (adapter == null ? alone : adapter.task(opened.model(), alone)).with(asked);
            if (adapter != null) {
                LoRAAdapter read = adapter.adapter(network);
                task.requireFits(adapter.folder(), read, opened.hasOwn(early.head()));
                model.add(NAME, read);
            }
            return new OneAdapter<>(opened, model, require(kind, folder, adapter, task));
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private static <T extends Task> T require(Class<T> kind, Path folder, @Nullable SavedAdapter adapter, Task task)
            throws IOException {
        if (!kind.isInstance(task)) {
            throw new IOException(
                    (adapter == null ? folder : adapter) + ": found " + (adapter == null ? "a model" : "an adapter")
                            + " that " + task.does() + "; it is for another command");
        }
        return kind.cast(task);
    }

    /**
     * Answers.
     *
     * @param asked what is asked
     * @return the answers
     * @throws IllegalArgumentException if a text has no tokens
     */
    public List<R> answer(Q asked) {
        Sequences tokens = rows.tokens(Objects.requireNonNull(asked, "asked must not be null"));
        return rows.read(asked, model.predict(tokens));
    }

    /**
     * Returns what the adapter is for, or what the model does alone.
     *
     * @return the task
     */
    public RowTask<Q, R> task() {
        return task;
    }

    /**
     * Returns the weights of the model, with the adapter if there is one.
     *
     * @return what answers
     */
    public LoRAModel model() {
        return model;
    }

    /**
     * Returns the model.
     *
     * @return what {@link #close} closes
     */
    public TextModel opened() {
        return opened;
    }

    @Override
    public void close() {
        opened.close();
    }
}
