package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.JobFolder;
import org.lora4j.cli.serve.files.StoreLimits;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** Whether a server takes files of its clients, and how much of them. */
final class TrainServeOptions {
    private static final long MIB = 1 << 20;

    @Option(
            names = "--train",
            paramLabel = "DIR",
            description =
                    "Take files of clients for trainings, and keep them in this folder, which is created if it is missing."
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

    void check(OptionCheck check) {
        check.atLeast("--max-file", fileMib, 1);
        check.atLeast("--max-files", files, 1);
        check.atLeast("--max-storage", storageMib, 1);
        check.atLeast("--keep-free", freeMib, 0);
    }

    /** Opens the folder; null if nothing is trained. */
    @Nullable
    JobFolder open() throws IOException {
        StoreLimits.OfOwner owner = new StoreLimits.OfOwner(files, storageMib * MIB);
        return folder == null ? null : JobFolder.open(folder, new StoreLimits(fileMib * MIB, freeMib * MIB, owner));
    }
}
