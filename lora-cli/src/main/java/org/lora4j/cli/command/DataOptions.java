package org.lora4j.cli.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The examples of a training and of its validation. */
final class DataOptions {
    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "The examples: .csv, .tsv or .jsonl, plain or with .gz; for 'clm' also .txt.")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Mixin
    private final DelimiterOption delimiter = new DelimiterOption();

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
            names = "--test",
            paramLabel = "SHARE",
            description =
                    "The share of the examples on which the report measures: they neither train nor choose the best epoch."
                            + " Without them it measures on the validation. Default: as --validation; 0 with"
                            + " --validation-file.")
    private @Nullable Double test;

    @Option(
            names = "--group",
            paramLabel = "COLUMN",
            description = "Examples with the same value in this column are either all held out or none.")
    private @Nullable String group;

    @Option(names = "--skip-bad-lines", description = "Leave out lines that are wrong, and count them.")
    private boolean skipsBad;

    void check(OptionCheck check) {
        delimiter.check(check);
        check.share("--validation", share);
        check.share("--test", test == null ? 0 : test);
        check.require(
                share() + test() < 1,
                "--validation and --test must be below 1 together, found " + share() + " and " + test());
        check.require(
                group == null || (validationFile == null && share > 0),
                "--group must be used with --validation, found it with "
                        + (validationFile == null ? "--validation 0" : "--validation-file"));
    }

    /** The share of the examples that is held out for the validation; 0 with a file for it. */
    double share() {
        return validationFile == null ? share : 0;
    }

    /** The share of the examples that judge; nothing is left for it by a validation of nearly all. */
    private double test() {
        return test == null ? Math.min(share(), (1 - share()) / 2) : test;
    }

    /**
     * Returns the files, and how the examples are divided.
     *
     * @param hasOwnTest whether other files test the adapter, so that no example is held out for it
     */
    DataFile file(boolean hasOwnTest) {
        Column groups = group == null ? null : new Column("--group", group);
        Division division = new Division(share(), hasOwnTest ? 0 : test(), groups, null, null);
        return new DataFile(data, delimiter.value(), validationFile, division, skipsBad);
    }
}
