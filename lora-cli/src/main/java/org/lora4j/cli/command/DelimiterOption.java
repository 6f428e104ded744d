package org.lora4j.cli.command;

import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** The character between two values of a data file. */
final class DelimiterOption {
    private static final String TAB = "tab";

    @Option(
            names = "--delimiter",
            paramLabel = "CHAR",
            description =
                    "The character between two values of .csv or .tsv, or the word tab. Default: the first of comma,"
                            + " semicolon and tab that the first line of .csv has; tab for .tsv.")
    private @Nullable String delimiter;

    void check(OptionCheck check) {
        check.require(
                delimiter == null
                        || delimiter.equals(TAB)
                        || delimiter.equals("\t")
                        || (delimiter.length() == 1 && delimiter.charAt(0) > ' ' && delimiter.charAt(0) != '"'),
                "--delimiter must be one character that is neither a quote nor white space, or the word tab, found '"
                        + delimiter + "'");
    }

    @Nullable
    Character value() {
        return delimiter == null
                ? null
                : delimiter.equals(TAB) ? Character.valueOf('\t') : (Character) delimiter.charAt(0);
    }
}
