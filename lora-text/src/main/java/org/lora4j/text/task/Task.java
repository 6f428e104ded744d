package org.lora4j.text.task;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.data.Labels;

/**
 * What a model and its adapter do with texts. A model says it in {@code config.json} and {@code modules.json}; an adapter in
 * {@code task.json}, which the command line writes beside PEFT's files, or in {@code task_type} of {@code adapter_config.json}. An adapter
 * that says it decides for itself, so one adapter, one model and one text have one answer wherever they are asked.
 */
public sealed interface Task permits RowTask, Generate {
    /** The name of the file of an adapter. */
    String FILE = TaskFile.NAME;

    /**
     * Returns what a model does without an adapter.
     *
     * @param model the files of the model
     * @return embeddings for an encoder without a classifier and for a decoder with {@code modules.json}; a score for a classifier of
     *     one output, classes for one of more; tags for a classifier of tokens; texts for any other decoder
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a file is wrong
     */
    static Task of(ModelSource model) throws IOException {
        return ModelTask.of(model);
    }

    /**
     * Returns what a model with a classifier of its own does without an adapter.
     *
     * @param outputs the labels, and what the outputs mean
     * @param head what the classifier reads
     * @return a score of pairs for an encoder with one output, unless this is the number or the label of a text that has a name; else classes
     *     or numbers of texts
     */
    static Task ofClassifier(Outputs outputs, Head head) {
        Objects.requireNonNull(outputs, "outputs must not be null");
        return ModelTask.ofClassifier(outputs, Objects.requireNonNull(head, "head must not be null"));
    }

    /**
     * Reads what an adapter says of its task in {@code task.json}.
     *
     * @param adapter the folder of the adapter
     * @return the task; nothing if there is no such file
     * @throws IOException if the file is damaged
     */
    static Optional<Task> read(Path adapter) throws IOException {
        return read(ModelSource.of(adapter));
    }

    /**
     * Reads what an adapter says of its task, wherever its files are.
     *
     * @param adapter the files of the adapter
     * @return the task; nothing if there is no {@code task.json}
     * @throws IOException if the file is damaged
     */
    static Optional<Task> read(ModelSource adapter) throws IOException {
        return TaskFile.read(Objects.requireNonNull(adapter, "adapter must not be null"));
    }

    /**
     * Reads what an adapter says of its task, out of the content of {@code task.json}.
     *
     * @param where the file, for messages
     * @param json its content
     * @return the task
     * @throws IOException if the content is damaged
     */
    static Task parse(String where, String json) throws IOException {
        Objects.requireNonNull(where, "where must not be null");
        return TaskFile.parse(where, Objects.requireNonNull(json, "json must not be null"));
    }

    /**
     * Returns what an adapter is for, whoever wrote it.
     *
     * @param folder the folder of the adapter
     * @param adapter what was read out of it
     * @param model the model
     * @param alone what the model does without an adapter, which holds for an adapter that says nothing
     * @return the task in {@code task.json}; or that of PEFT's {@code task_type} and of a classifier among the saved modules, whose
     *     classes have numbers for names; or {@code alone}
     * @throws IOException if {@code task.json} is damaged
     */
    static Task ofAdapter(Path folder, LoRAAdapter adapter, PretrainedModel model, Task alone) throws IOException {
        Optional<Task> written = read(folder);
        return written.isPresent() ? written.get() : ofAdapter(adapter, model, alone);
    }

    /**
     * Returns what an adapter without {@code task.json} is for.
     *
     * @param adapter the adapter
     * @param model the model
     * @param alone what the model does without an adapter, which holds for an adapter that says nothing
     * @return what PEFT's {@code task_type} and a classifier among the saved modules say, or {@code alone}
     */
    static Task ofAdapter(LoRAAdapter adapter, PretrainedModel model, Task alone) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(alone, "alone must not be null");
        return AdapterTask.of(adapter, model, alone);
    }

    /**
     * Returns what an adapter is for, whoever wrote it, without reading its weights.
     *
     * @param folder the folder of the adapter
     * @param model the model
     * @param alone what the model does without an adapter, which holds for an adapter that says nothing
     * @return as {@link #ofAdapter}
     * @throws IOException if a file cannot be read or is damaged
     */
    static Task ofFiles(Path folder, PretrainedModel model, Task alone) throws IOException {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(alone, "alone must not be null");
        Optional<Task> written = read(folder);
        return written.isPresent() ? written.get() : AdapterTask.of(folder, model, alone);
    }

    /**
     * Deletes the file of an older adapter, where a new one has no task.
     *
     * @param folder the folder of the adapter
     * @throws IOException if it cannot be deleted
     */
    static void delete(Path folder) throws IOException {
        TaskFile.delete(Objects.requireNonNull(folder, "folder must not be null"));
    }

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
     * Returns what the outputs of a classifier mean, and its head, whether it reads texts or pairs of texts.
     *
     * @return the classifier of {@link Classify} or {@link ClassifyPairs}; nothing for another task
     */
    default Optional<Classify> asClassifier() {
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

    /**
     * Returns the content of the file of an adapter.
     *
     * @return the content of {@code task.json}
     * @throws IllegalArgumentException if a task of this kind has no file
     */
    default String json() {
        return TaskFile.json(this).toPrettyString();
    }

    /**
     * Writes the file of an adapter. A task that PEFT's files say has none: that of an older adapter is deleted.
     *
     * @param folder the folder of the adapter
     * @throws IOException if it cannot be written
     */
    default void write(Path folder) throws IOException {
        TaskFile.write(this, Objects.requireNonNull(folder, "folder must not be null"));
    }

    /**
     * Writes the labels, the prompts, and where texts are cut, into the files of a model that the adapter was merged into. What a model
     * has no file for is logged as a warning.
     *
     * @param folder the folder of the model
     * @param isDecoder whether it is a decoder, which has no file for where a classifier cuts texts
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if a file of the model is not a JSON object
     */
    default void mergeInto(Path folder, boolean isDecoder) throws IOException {
        MergedTask.write(this, Objects.requireNonNull(folder, "folder must not be null"), isDecoder);
    }
}
