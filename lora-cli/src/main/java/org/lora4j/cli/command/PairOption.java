package org.lora4j.cli.command;

import org.jspecify.annotations.Nullable;
import org.lora4j.cli.classify.InputColumns;
import org.lora4j.cli.train.Column;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.Tag;
import picocli.CommandLine.Option;

/** The second text of a pair that a classifier reads. */
final class PairOption {
    @Option(
            names = "--text-pair",
            paramLabel = "COLUMN",
            description =
                    "Of a classifier of pairs, such as whether a second text follows from the first, or of a number for both, such as how similar"
                            + " they are: the column of the second text. Default: none, each text alone.")
    private @Nullable String pair;

    /**
     * Checks that a classifier reads the pairs.
     *
     * @param isOther whether options of another task are given
     */
    void check(OptionCheck check, ModelAndAdapter source, boolean isOther) {
        boolean classifies = !isOther
                && !source.is(Embed.class)
                && !source.is(Rerank.class)
                && !source.is(Tag.class)
                && !source.generatesIfReadable();
        check.require(pair == null || classifies, "--text-pair must be used with a classifier, found another task");
    }

    /** Returns the columns of what a classifier reads. */
    InputColumns columns(Column text) {
        return new InputColumns(text, pair == null ? null : new Column("--text-pair", pair));
    }
}
