package org.lora4j.cli.command;

import java.nio.file.Path;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** What a training does with its folder. */
final class TrainingOptions {
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

    void check(OptionCheck check) {
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

    boolean isDryRun() {
        return dryRun;
    }
}
