package org.lora4j.cli.command;

import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** How a column has any number of labels. */
final class LabelsOption {
    @Option(
            names = "--label-separator",
            paramLabel = "TEXT",
            description =
                    "A text has any number of labels, with this between them in the column of --label, such as ';'. Default:"
                            + " one class, or any number of labels if the column has lists, as JSONL can have them.")
    private @Nullable String separator;

    void check(OptionCheck check) {
        check.require(
                separator == null || !separator.isEmpty(),
                "--label-separator must have at least one character, found none");
    }

    @Nullable
    String separator() {
        return separator;
    }
}
