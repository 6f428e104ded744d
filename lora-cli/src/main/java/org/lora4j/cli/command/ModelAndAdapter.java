package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.AdapterTask;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextClassifier;
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
            description = "The folder of the adapter. Default: none, the model alone.")
    private @Nullable Path adapter;

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
        ModelConfig config = ModelConfig.read(model);
        if (!config.isDecoder() || (adapter != null && task() == AdapterTask.Kind.RERANK)) {
            return false;
        }
        if (adapter != null ? task() == AdapterTask.Kind.RETRIEVE : EncoderFolder.embeds(ModelSource.of(model))) {
            return false;
        }
        return adapter == null ? !config.isClassifier() : !TextClassifier.isClassifier(PeftAdapters.load(adapter));
    }

    /** Returns the same; false for what cannot be read, which is refused when it is opened. */
    boolean generatesIfReadable() {
        try {
            return generates();
        } catch (IOException | IllegalArgumentException e) {
            return false;
        }
    }

    @Nullable
    Path adapter() {
        return adapter;
    }

    List<Path> adapters() {
        return adapter == null ? List.of() : List.of(adapter);
    }

    /** Returns what the adapter is for; a classifier if it does not say, or cannot be read, which is refused when it is opened. */
    AdapterTask.Kind task() {
        try {
            return adapter == null
                    ? AdapterTask.Kind.CLASSIFY
                    : AdapterTask.read(adapter).map(AdapterTask::kind).orElse(AdapterTask.Kind.CLASSIFY);
        } catch (IOException e) {
            return AdapterTask.Kind.CLASSIFY;
        }
    }
}
