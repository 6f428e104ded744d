package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.algebra.TargetRank;
import org.lora4j.cli.convert.ModelDifference;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code extract}: two models to an adapter. */
@Command(
        name = "extract",
        description =
                "Make an adapter of the difference between two models: the best approximation of what a fine-tuning of"
                        + " all weights changed. Both models stay as they are.")
public final class ExtractCommand extends WorkCommand {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "The folder of the model before the fine-tuning.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(
            names = "--tuned",
            required = true,
            paramLabel = "DIR",
            description = "The folder of the model after the fine-tuning.")
    @SuppressWarnings("NullAway.Init")
    private Path tuned;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder that is written.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Option(names = "--rank", paramLabel = "R", description = "The rank of the adapter. Default: 16.")
    private @Nullable Integer rank;

    @Option(
            names = "--energy",
            paramLabel = "SHARE",
            description =
                    "Instead of --rank: for each layer, the smallest rank that keeps this share of the squared norm of the"
                            + " difference, such as 0.9.")
    private @Nullable Double energy;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    ExtractCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.require(rank == null || energy == null, "--rank must be used without --energy, found both");
        check.require(
                energy == null || (energy > 0 && energy <= 1),
                "--energy must be above 0 and at most 1, found " + energy);
        if (rank != null) {
            check.atLeast("--rank", rank, 1);
        }
    }

    @Override
    protected void work() throws IOException {
        overwrite.requireFolder(folder, List.of(model, tuned));
        TargetRank target = energy != null ? TargetRank.ofEnergy(energy) : TargetRank.of(rank == null ? 16 : rank);
        ModelDifference.Result result = ModelDifference.extract(model, tuned, target, folder);
        output.show(out(), result, to -> {
            to.line(
                    "adapter of rank %d for %,d layers written to %s; greatest relative error of a layer: %.4g",
                    result.rank(), result.layers(), result.output(), result.greatestError());
            if (!result.inFull().isEmpty()) {
                to.fact(
                        "%,d normalizations differ and are stored in full; the first: %s",
                        result.inFull().size(), result.inFull().get(0));
            }
            if (!result.leftOut().isEmpty()) {
                to.fact(
                        "warning: only %s has a classifier, and the adapter leaves it out: %s; 'lora classify' trains a new"
                                + " one",
                        tuned, String.join(", ", result.leftOut()));
            }
        });
    }
}
