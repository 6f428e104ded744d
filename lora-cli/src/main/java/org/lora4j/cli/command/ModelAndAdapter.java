package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Generate;
import org.lora4j.text.task.ModelTask;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.Task;
import picocli.CommandLine.Option;

/** A model with a trained adapter. */
final class ModelAndAdapter {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "The folder of the model, or a GGUF file.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "The folder of the adapter, or its GGUF file. Default: none, the model alone.")
    private @Nullable Path adapter;

    private @Nullable SavedAdapter saved;

    Path model() {
        return model;
    }

    /** Returns the configuration of the model; nothing if it cannot be read, which is refused when it is opened. */
    Optional<ModelConfig> config() {
        try {
            return Optional.of(ModelConfig.read(model));
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Returns whether the model predicts tokens: a decoder that, with its adapter, neither classifies nor embeds texts. */
    boolean generates() throws IOException {
        if (adapter == null) {
            return ModelTask.of(ModelSource.of(model)) instanceof Generate;
        }
        return ModelConfig.read(model).isDecoder()
                && !tags()
                && said().isEmpty()
                && !TextClassifier.isClassifier(require().adapter());
    }

    /** Returns whether the words of texts get tags: from the adapter, or from the model alone. */
    boolean tags() throws IOException {
        if (adapter == null) {
            return ModelTask.of(ModelSource.of(model)) instanceof Tag;
        }
        return AdaptedModel.tags(require());
    }

    /** Returns the same; false for what cannot be read, which is refused when it is opened. */
    boolean generatesIfReadable() {
        try {
            return generates();
        } catch (IOException | IllegalArgumentException e) {
            return false;
        }
    }

    boolean hasAdapter() {
        return adapter != null;
    }

    /**
     * Returns the adapter as it is when it is first asked for; null if there is none.
     *
     * @throws IOException if a file of it cannot be read
     */
    @Nullable
    SavedAdapter saved() throws IOException {
        return adapter == null ? null : require();
    }

    private SavedAdapter require() throws IOException {
        if (saved == null) {
            saved = SavedAdapter.read(Objects.requireNonNull(adapter), model);
        }
        return saved;
    }

    /** Returns both as they are opened. */
    AdaptedModel files(StorageOption storage) throws IOException {
        return new AdaptedModel(model, saved(), storage.value());
    }

    List<SavedAdapter> adapters() throws IOException {
        return adapter == null ? List.of() : List.of(require());
    }

    /** Opens the model with the classifier of the adapter, or with its own. */
    TextClassifier classifier(BaseStorage storage) throws IOException {
        return adapter == null
                ? TextClassifier.open(model, null, storage)
                : TextClassifier.openAdapted(model, require(), storage);
    }

    /** Returns whether the adapter is for a task, as far as its files say it. */
    boolean is(Class<? extends Task> task) {
        return said().filter(task::isInstance).isPresent();
    }

    /**
     * Returns what the adapter is for, if its files say it; one of PEFT is for embeddings if the model is, and it says nothing else. What
     * cannot be read is refused when it is opened.
     */
    private Optional<Task> said() {
        try {
            if (adapter == null) {
                return Optional.empty();
            }
            Optional<Task> written = require().task();
            if (written.isPresent() || require().classifies()) {
                return written;
            }
            return ModelTask.of(ModelSource.of(model)) instanceof Embed alone
                    ? require().task(alone).filter(Embed.class::isInstance)
                    : written;
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
