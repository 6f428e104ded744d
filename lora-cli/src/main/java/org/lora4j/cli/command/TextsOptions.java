package org.lora4j.cli.command;

import java.nio.file.Path;
import org.lora4j.cli.train.DataFile;
import picocli.CommandLine.Option;

/** A file of texts that is read as a whole. */
final class TextsOptions {
    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "The texts: .csv, .tsv or .jsonl, plain or with .gz.")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Option(names = "--skip-bad-lines", description = "Leave out lines that are wrong, and count them.")
    private boolean skipsBad;

    DataFile file() {
        return new DataFile(data, null, 0, null, skipsBad);
    }

    String column() {
        return text;
    }
}
