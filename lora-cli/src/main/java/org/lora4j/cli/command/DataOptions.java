package org.lora4j.cli.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.DataFile;
import org.lora4j.example.support.cli.OptionCheck;
import picocli.CommandLine.Option;

/** The examples of a training and of its validation. */
final class DataOptions {
    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "The examples: .csv, .tsv or .jsonl, plain or with .gz.")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Option(
            names = "--validation",
            paramLabel = "SHARE",
            description = "The share of the examples that is held out for the validation; 0 for none. Default:"
                    + " ${DEFAULT-VALUE}.")
    private double share = 0.1;

    @Option(
            names = "--validation-file",
            paramLabel = "FILE",
            description = "A file with the examples of the validation, instead of --validation.")
    private @Nullable Path validationFile;

    @Option(
            names = "--group",
            paramLabel = "COLUMN",
            description = "Examples with the same value in this column are either all held out or none.")
    private @Nullable String group;

    @Option(names = "--skip-bad-lines", description = "Leave out lines that are wrong, and count them.")
    private boolean skipsBad;

    void check(OptionCheck check) {
        check.share("--validation", share);
        check.require(
                group == null || (validationFile == null && share > 0),
                "--group must be used with --validation, found it with "
                        + (validationFile == null ? "--validation 0" : "--validation-file"));
    }

    DataFile file() {
        return new DataFile(data, validationFile, share, group, skipsBad);
    }
}
