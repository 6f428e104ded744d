package org.lora4j.cli.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import picocli.CommandLine.Option;

/** Texts by which a training of a decoder measures what the model forgets. */
final class ForgettingOption {
    @Option(
            names = "--forgetting",
            paramLabel = "FILE",
            description =
                    "Other texts, of what the model could do before: conversations, or plain text as for 'clm', in the column"
                            + " text. The report says how well it predicts them alone and with the adapter. Default: none.")
    private @Nullable Path file;

    @Nullable
    DataFile file() {
        return file == null ? null : new DataFile(file, null, null, Division.NONE, false);
    }
}
