package org.lora4j.cli.command;

import java.nio.file.Path;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Mixin;
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

    @Mixin
    private final DelimiterOption delimiter = new DelimiterOption();

    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Option(names = "--skip-bad-lines", description = "Leave out lines that are wrong, and count them.")
    private boolean skipsBad;

    DataFile file() {
        return new DataFile(data, delimiter.value(), null, Division.NONE, skipsBad);
    }

    void check(OptionCheck check) {
        delimiter.check(check);
    }

    Column column() {
        return new Column("--text", text);
    }
}
