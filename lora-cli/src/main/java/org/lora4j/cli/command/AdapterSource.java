package org.lora4j.cli.command;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A model with a trained adapter. */
final class AdapterSource {
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

    @Nullable
    Path adapter() {
        return adapter;
    }

    List<Path> adapters() {
        return adapter == null ? List.of() : List.of(adapter);
    }
}
