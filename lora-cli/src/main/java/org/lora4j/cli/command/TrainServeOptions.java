package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.TrainLimits;
import org.lora4j.cli.serve.TrainingFolder;
import org.lora4j.cli.serve.files.StoreLimits;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** Whether a server trains for its clients, and how much. */
final class TrainServeOptions {
    private static final long MIB = 1 << 20;

    @Option(
            names = "--train",
            paramLabel = "DIR",
            description =
                    "Train adapters for clients, and keep their files and jobs in this folder, which is created if it is missing."
                            + " One server at a time may use it. With --api-key-file a key must have train=yes for that."
                            + " Default: clients can only ask.")
    private @Nullable Path folder;

    @Option(
            names = "--max-file",
            paramLabel = "MB",
            description = "The largest file of a client, in units of 1,048,576 bytes. Default: ${DEFAULT-VALUE}.")
    private int fileMib = 512;

    @Option(
            names = "--max-files",
            paramLabel = "N",
            description = "The most files of a key that has no files= of its own, or of all clients without keys."
                    + " Default: ${DEFAULT-VALUE}.")
    private int files = 1000;

    @Option(
            names = "--max-storage",
            paramLabel = "MB",
            description = "How large these files are together, unless a key has storage=, in units of 1,048,576 bytes."
                    + " Default: ${DEFAULT-VALUE}.")
    private int storageMib = 4096;

    @Option(
            names = "--keep-free",
            paramLabel = "MB",
            description =
                    "How much of the disk stays free, in units of 1,048,576 bytes. Files that would take it get the"
                            + " status 507. Default: ${DEFAULT-VALUE}.")
    private int freeMib = 512;

    @Option(
            names = "--max-jobs",
            paramLabel = "N",
            description = "The most jobs of a key that have not ended; further ones get the status 429. Default:"
                    + " ${DEFAULT-VALUE}.")
    private int jobs = 100;

    @Option(
            names = "--max-row-tokens",
            paramLabel = "N",
            description =
                    "The most tokens of a row that trains a decoder; also at most those that it has positions for. Default:"
                            + " ${DEFAULT-VALUE}.")
    private int rowTokens = 2048;

    @Option(
            names = "--train-share",
            paramLabel = "X",
            description =
                    "How much of the time a training computes while requests run, above 0 and at most 1. While none"
                            + " runs, it computes all the time. Default: ${DEFAULT-VALUE}.")
    private double share = 0.5;

    @Option(
            names = "--train-at-once",
            paramLabel = "N",
            description =
                    "How many small jobs train at once, each with a thread and the memory of a step; a job is small if its rows"
                            + " that train have at most 256 KiB. Default: the number of processors for an encoder, 1 for a"
                            + " decoder.")
    private @Nullable Integer atOnce;

    boolean isGiven() {
        return folder != null;
    }

    TrainLimits limits() {
        return new TrainLimits(jobs, rowTokens, share, atOnce == null ? OptionalInt.empty() : OptionalInt.of(atOnce));
    }

    void check(OptionCheck check) {
        check.atLeast("--max-jobs", jobs, 1);
        check.atLeast("--max-row-tokens", rowTokens, 2);
        check.require(share > 0 && share <= 1, "--train-share must be above 0 and at most 1, found " + share);
        if (atOnce != null) {
            check.atLeast("--train-at-once", atOnce, 1);
        }
        check.atLeast("--max-file", fileMib, 1);
        check.atLeast("--max-files", files, 1);
        check.atLeast("--max-storage", storageMib, 1);
        check.atLeast("--keep-free", freeMib, 0);
    }

    /** Opens the folder; null if nothing is trained. */
    @Nullable
    TrainingFolder open() throws IOException {
        StoreLimits.OfOwner owner = new StoreLimits.OfOwner(files, storageMib * MIB);
        return folder == null
                ? null
                : TrainingFolder.open(folder, new StoreLimits(fileMib * MIB, freeMib * MIB, owner));
    }
}
