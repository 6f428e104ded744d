package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Generate;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;

/** What an adapter with a classifier or a score is for, and which models and callers it suits. */
final class ClassifierTask {
    private ClassifierTask() {}

    /** Returns what an adapter with a classifier or a score is for, whoever wrote it. */
    static Task of(SavedAdapter adapter, PretrainedModel model) throws IOException {
        return requireClassifier(adapter, adapter.task(model, new Generate()));
    }

    private static Task requireClassifier(SavedAdapter adapter, Task task) throws IOException {
        if (task instanceof Embed && adapter.task().isPresent()) {
            throw new IOException(
                    adapter + ": the adapter must have a classifier, found one of 'lora retrieve'; use it with"
                            + " 'lora embed'");
        }
        if (task.classifierOutputs().isPresent() || task instanceof Rerank) {
            return task;
        }
        if (task instanceof Tag) {
            throw new IOException(adapter + ": the adapter must have a classifier of texts, found one that "
                    + task.does() + "; use it with 'lora predict'");
        }
        throw new IOException(adapter + ": the adapter must have a classifier among its saved modules, found "
                + adapter.adapter().savedModules().keySet());
    }

    /** Checks what the files of an adapter say of its model, before the weights are read. */
    static void requireMadeFor(Path folder, SavedAdapter adapter, OptionalInt maxTokens) throws IOException {
        Objects.requireNonNull(adapter, "adapter must not be null");
        ModelConfig config = ModelConfig.read(folder);
        Optional<Task> written = adapter.task();
        if (written.isEmpty()) {
            return;
        }
        Task task = requireClassifier(adapter, written.get());
        boolean readsDecoder = task.head() == Head.LAST || task.head() == Head.YES_NO;
        if (readsDecoder != config.isDecoder()) {
            throw new IOException(adapter + ": the model must be " + (readsDecoder ? "a decoder" : "an encoder")
                    + " for a classifier that reads " + task.head() + ", found " + folder + ", "
                    + (readsDecoder ? "an encoder" : "a decoder")
                    + "; use the model that the adapter was trained with");
        }
        OptionalInt limit = maxTokens.isPresent() ? OptionalInt.empty() : task.maxTokens();
        if (limit.isPresent() && limit.getAsInt() > config.maxLength()) {
            throw new IOException(adapter + ": the model must have positions for the " + limit.getAsInt()
                    + " tokens of a text, found " + config.maxLength() + " in " + folder
                    + "; use the model that the adapter was trained with");
        }
    }

    /** Requires the classes that a caller asked for, and outputs that mean the same. */
    static void requireAsked(SavedAdapter adapter, Outputs found, Outputs asked) throws IOException {
        Labels labels = asked.labels();
        if (found.labels().count() != labels.count()) {
            throw new IOException(adapter + ": the adapter must have a classifier of " + labels.count() + " classes, "
                    + labels + ", found " + found.labels().count());
        }
        if (adapter.task().isPresent() && found.problem() != asked.problem()) {
            throw new IOException(adapter + ": the adapter must be one for "
                    + asked.problem().text() + ", found " + found.problem().text() + " in " + TaskFile.NAME);
        }
    }

    /** Returns the outputs of a task; a score is one of them. */
    static Outputs outputsOf(Task task) {
        return task.classifierOutputs().orElseGet(() -> Outputs.oneOf(Labels.numbered(1)));
    }
}
