package org.lora4j.cli.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.Schedule;
import org.lora4j.cli.train.TrainingPlan;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** The training. */
final class TrainingOptions {
    private static final int EPOCHS = 3;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "DIR",
            description = "The folder for the adapter, the report and the checkpoints.")
    @SuppressWarnings("NullAway.Init")
    private Path output;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            description =
                    "How often all examples are used. Default: 3; for 'classify' and 'rerank' as many as 300 steps"
                            + " need, at least 3 and at most 30.")
    private @Nullable Integer epochs;

    @Option(names = "--batch", paramLabel = "N", description = "The examples of a batch. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            description =
                    "The batches of a step. It equals larger batches in less memory, except with --dropout, which drops"
                            + " other numbers then, and for 'retrieve', whose wrong answers are those of a batch. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int accumulate = 1;

    @Option(
            names = "--rate",
            paramLabel = "RATE",
            description = "The greatest learning rate. Default: ${DEFAULT-VALUE}.")
    private double rate;

    @Option(
            names = "--schedule",
            paramLabel = "NAME",
            description = "How the learning rate falls: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
    private Schedule schedule = Schedule.LINEAR;

    @Option(
            names = "--warmup",
            paramLabel = "SHARE",
            description = "The share of the steps in which the learning rate rises. Default: ${DEFAULT-VALUE}.")
    private double warmup = 0.1;

    @Option(names = "--weight-decay", paramLabel = "L", description = "The decay of AdamW. Default: ${DEFAULT-VALUE}.")
    private double weightDecay = 0.01;

    @Option(
            names = "--clip",
            paramLabel = "NORM",
            description = "The greatest norm of the gradients; 0 for no limit. Default: ${DEFAULT-VALUE}.")
    private double clip = 1;

    @Option(
            names = "--patience",
            paramLabel = "EPOCHS",
            description =
                    "Stop if the validation did not improve for so many epochs; 0 for never. The best epoch is kept."
                            + " Default: ${DEFAULT-VALUE}.")
    private int patience = 3;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "STEPS",
            description = "The steps between two checkpoints; 0 for none. Default: ${DEFAULT-VALUE}.")
    private int checkpointEvery = 100;

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

    private final int minSteps;

    TrainingOptions(int batch, double rate, int minSteps) {
        this.batch = batch;
        this.rate = rate;
        this.minSteps = minSteps;
    }

    void check(OptionCheck check) {
        check.atLeast("--epochs", epochs == null ? EPOCHS : epochs, 1);
        check.atLeast("--batch", batch, 1);
        check.atLeast("--accumulate", accumulate, 1);
        check.positive("--rate", rate);
        check.share("--warmup", warmup);
        check.require(
                weightDecay >= 0 && Double.isFinite(weightDecay),
                "--weight-decay must be finite and at least 0, found " + weightDecay);
        check.require(clip >= 0, "--clip must be at least 0, found " + clip);
        check.atLeast("--patience", patience, 0);
        check.atLeast("--checkpoint-every", checkpointEvery, 0);
        check.require(!(resume && overwrite), "--overwrite must be used without --resume, found both");
        check.require(!(resume && dryRun), "--dry-run must be used without --resume, found both");
        check.require(
                !findRate || (!resume && !dryRun),
                "--find-rate must be used without --resume and --dry-run, found both");
        check.require(
                !overwrite || (!findRate && !dryRun),
                "--overwrite must be used without --dry-run and --find-rate, which write nothing, found both");
    }

    TrainingPlan plan() {
        return new TrainingPlan(
                epochs == null ? EPOCHS : epochs,
                epochs == null ? minSteps : 0,
                batch,
                accumulate,
                rate,
                schedule,
                warmup,
                weightDecay,
                clip,
                patience,
                seed,
                checkpointEvery);
    }

    Path output() {
        return output;
    }

    long seed() {
        return seed;
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
