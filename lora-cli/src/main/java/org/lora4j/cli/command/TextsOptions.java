package org.lora4j.cli.command;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A file of texts that is read as a whole. */
final class TextsOptions {
    @Option(names = "--data", paramLabel = "FILE", description = "The texts: .csv, .tsv or .jsonl, plain or with .gz.")
    private @Nullable Path data;

    @Mixin
    private final DelimiterOption delimiter = new DelimiterOption();

    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Option(names = "--skip-bad-lines", description = "Leave out lines that are wrong, and count them.")
    private boolean skipsBad;

    DataFile file() {
        return new DataFile(Objects.requireNonNull(data), delimiter.value(), null, Division.NONE, skipsBad);
    }

    /** Checks that there is a file. */
    void check(OptionCheck check) {
        check.require(data != null, "Missing required option: '--data=FILE'");
        delimiter.check(check);
    }

    /** Checks that there is no file, because others are read. */
    void checkNone(OptionCheck check, String others) {
        check.require(
                data == null && !skipsBad, others + " must be used without --data and --skip-bad-lines, found both");
    }

    Column column() {
        return new Column("--text", text);
    }
}
