package org.lora4j.cli.command;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** What a training does with its folder. */
final class TrainingOptions {
    /** A week. */
    private static final int MOST_MINUTES = 7 * 24 * 60;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "The folder for the adapter, the report and the checkpoints.")
    @SuppressWarnings("NullAway.Init")
    private Path output;

    @Option(names = "--resume", description = "Go on from the checkpoint in the output folder.")
    private boolean resume;

    @Option(
            names = "--overwrite",
            description = "Begin anew, and replace the adapter or the checkpoint that is in the output folder.")
    private boolean overwrite;

    @Option(
            names = "--dry-run",
            description =
                    "Write nothing: train a few steps, and print the parameters, the tokens, and an estimate of memory and"
                            + " time.")
    private boolean dryRun;

    @Option(
            names = "--find-rate",
            description =
                    "Write nothing: try growing learning rates in 60 steps, and suggest one with which the loss falls clearly.")
    private boolean findRate;

    @Option(
            names = "--search",
            paramLabel = "MINUTES",
            description =
                    "Write nothing: train with other rates, and then with dropout, more epochs and a greater rank, for about so"
                            + " long, and suggest the settings with the best validation. The test has no part in it.")
    private @Nullable Double search;

    void check(OptionCheck check) {
        check.require(
                search == null || (search > 0 && search <= MOST_MINUTES),
                "--search must be above 0 and at most " + MOST_MINUTES + " minutes, found " + search);
        check.require(
                search == null || (!resume && !overwrite && !dryRun && !findRate),
                "--search must be used without --resume, --overwrite, --dry-run and --find-rate, found both");
        check.require(!(resume && overwrite), "--overwrite must be used without --resume, found both");
        check.require(!(resume && dryRun), "--dry-run must be used without --resume, found both");
        check.require(
                !findRate || (!resume && !dryRun),
                "--find-rate must be used without --resume and --dry-run, found both");
        check.require(
                !overwrite || (!findRate && !dryRun),
                "--overwrite must be used without --dry-run and --find-rate, which write nothing, found both");
    }

    Path output() {
        return output;
    }

    boolean resumes() {
        return resume;
    }

    boolean overwrites() {
        return overwrite;
    }

    boolean findsRate() {
        return findRate;
    }

    /** Returns how long settings are searched for; null for a training. */
    @Nullable
    Duration search() {
        return search == null ? null : Duration.ofMillis(Math.round(search * 60_000));
    }

    boolean isDryRun() {
        return dryRun;
    }
}
