package org.lora4j.cli.command;

import java.io.IOException;
import org.lora4j.cli.language.PreferenceTask;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import org.lora4j.train.PreferenceLoss;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dpo}: trains a decoder to prefer some answers to others. */
@Command(
        name = "dpo",
        description =
                "Train an adapter on a decoder to prefer one of two answers (DPO), with pairs as JSONL: 'prompt', 'chosen' and"
                        + " 'rejected', as texts or as lists of messages; or 'chosen' and 'rejected' alone, two lists"
                        + " that begin with the prompt.")
public final class DpoCommand extends TrainCommand {
    @Option(
            names = "--beta",
            paramLabel = "B",
            description = "How strongly the adapter is held to the reference. Default: ${DEFAULT-VALUE}.")
    private double beta = 0.1;

    @Option(
            names = "--label-smoothing",
            paramLabel = "SHARE",
            description =
                    "The assumed share of pairs that are the wrong way round, less than 0.5. Default: ${DEFAULT-VALUE}.")
    private double labelSmoothing;

    @Option(
            names = "--normalize-length",
            description =
                    "Divide each log ratio by the tokens of its answer, so that long answers do not count more. Then --beta is"
                            + " mostly greater, such as 5.")
    private boolean normalizesLength;

    @Option(
            names = "--reference",
            paramLabel = "NAME",
            description =
                    "To what the adapter is held: base, the model without an adapter, or start, the adapter of --adapter as"
                            + " it is in its folder. Default: ${DEFAULT-VALUE}.")
    private PreferenceTask.Reference reference = PreferenceTask.Reference.BASE;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description =
                    "The most tokens of a prompt with one answer. A longer one is an error: nothing is cut. Default: 1024,"
                            + " or as many as the model takes.")
    private int maxTokens;

    @Mixin
    private final RecomputeOption recompute = new RecomputeOption();

    @Mixin
    private final ForgettingOption forgetting = new ForgettingOption();

    DpoCommand() {
        super(4, DefaultRate.PREFERENCES, DefaultEpochs.LANGUAGE);
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        check.positive("--beta", beta);
        check.require(
                labelSmoothing >= 0 && labelSmoothing < 0.5,
                "--label-smoothing must be at least 0 and less than 0.5, found " + labelSmoothing);
        check.require(maxTokens == 0 || maxTokens >= 2, "--max-tokens must be at least 2, found " + maxTokens);
        check.require(
                reference == PreferenceTask.Reference.BASE || check.isGiven("--adapter"),
                "--reference start must be used with --adapter, found none");
    }

    @Override
    CommandTask<?, ?, ?> open(TrainingInput input) throws IOException {
        return PreferenceTask.open(
                input,
                new PreferenceTask.Settings(
                        new PreferenceLoss(beta, labelSmoothing, normalizesLength),
                        reference,
                        maxTokens,
                        recompute.value(),
                        forgetting.file()));
    }
}
