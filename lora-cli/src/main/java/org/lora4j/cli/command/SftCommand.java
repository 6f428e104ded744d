package org.lora4j.cli.command;

import org.jspecify.annotations.Nullable;
import org.lora4j.cli.language.LanguageTask;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sft}: trains a decoder to answer. */
@Command(
        name = "sft",
        description =
                "Train an adapter that answers, on a decoder, with conversations as JSONL: 'messages', or 'prompt' and"
                        + " 'completion'. Only the answers are learned.")
public final class SftCommand extends LanguageCommand {
    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Conversations are cut at this many tokens. Default: 1024, or as many as the model takes.")
    private int maxTokens;

    @Option(
            names = "--samples",
            paramLabel = "N",
            description = "How many answers the report shows, before and after. Default: ${DEFAULT-VALUE}.")
    private int samples = 3;

    SftCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        check.require(maxTokens == 0 || maxTokens >= 2, "--max-tokens must be at least 2, found " + maxTokens);
        check.atLeast("--samples", samples, 0);
    }

    @Override
    LanguageTask.Settings settings(boolean recomputed, @Nullable DataFile forgetting) {
        return new LanguageTask.Settings(
                LanguageTask.Kind.SFT, new Column("--text", "text"), maxTokens, recomputed, samples, forgetting);
    }
}
