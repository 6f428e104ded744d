package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.model.AdaptedModels;
import org.lora4j.cli.model.TaskFile;
import org.lora4j.io.PeftAdapters;
import org.lora4j.text.ModelKind;
import picocli.CommandLine.Option;

/** A model with a trained adapter. */
final class ModelAndAdapter {
    @Option(names = "--model", required = true, paramLabel = "DIR", description = "The folder of the model.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description = "The folder of the adapter. Default: none, the model alone.")
    private @Nullable Path adapter;

    Path model() {
        return model;
    }

    /** Returns the kind of the model; nothing if it cannot be read, which is refused when it is opened. */
    Optional<ModelKind> kind() {
        try {
            return Optional.of(ModelKind.of(model));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Returns whether the model predicts tokens: a decoder without a classifier of its own or of its adapter. */
    boolean generates() throws IOException {
        if (!ModelKind.of(model).isDecoder()) {
            return false;
        }
        return adapter == null ? !ModelKind.classifies(model) : !AdaptedModels.isClassifier(PeftAdapters.load(adapter));
    }

    @Nullable
    Path adapter() {
        return adapter;
    }

    List<Path> adapters() {
        return adapter == null ? List.of() : List.of(adapter);
    }

    /** Returns what the adapter is for; a classifier if it does not say, or cannot be read, which is refused when it is opened. */
    TaskFile.Kind task() {
        try {
            return adapter == null
                    ? TaskFile.Kind.CLASSIFY
                    : TaskFile.read(adapter).map(TaskFile::kind).orElse(TaskFile.Kind.CLASSIFY);
        } catch (IOException e) {
            return TaskFile.Kind.CLASSIFY;
        }
    }
}
