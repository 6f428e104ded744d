package org.lora4j.cli.command;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** The length of embeddings. */
final class DimensionsOption {
    @Option(
            names = "--dimensions",
            paramLabel = "N",
            description = "Use the first N numbers of an embedding, for models that were trained for it (Matryoshka)."
                    + " Default: all.")
    private @Nullable Integer dimensions;

    void check(OptionCheck check) {
        if (dimensions != null) {
            check.atLeast("--dimensions", dimensions, 1);
        }
    }

    boolean isUsed() {
        return dimensions != null;
    }

    OptionalInt value() {
        return dimensions == null ? OptionalInt.empty() : OptionalInt.of(dimensions);
    }
}
