package org.lora4j.cli.command;

import org.jspecify.annotations.Nullable;
import org.lora4j.cli.language.LanguageTask;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code clm}: trains a decoder on plain text. */
@Command(
        name = "clm",
        description =
                "Train an adapter on plain text, on a decoder: a .txt file, or a column of .csv, .tsv or .jsonl. The"
                        + " texts are packed into blocks.")
public final class ClmCommand extends LanguageCommand {
    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Option(
            names = "--block",
            paramLabel = "N",
            description = "The tokens of a block. Default: 1024, or as many as the model takes.")
    private int block;

    ClmCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        check.require(block == 0 || block >= 2, "--block must be at least 2, found " + block);
    }

    @Override
    LanguageTask.Settings settings(boolean recomputed, @Nullable DataFile forgetting) {
        return new LanguageTask.Settings(
                LanguageTask.Kind.CLM, new Column("--text", text), block, recomputed, 0, forgetting);
    }
}
