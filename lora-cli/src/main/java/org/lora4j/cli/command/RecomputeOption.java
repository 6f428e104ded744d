package org.lora4j.cli.command;

import picocli.CommandLine.Option;

/** Whether a training saves memory. */
final class RecomputeOption {
    @Option(
            names = "--recompute",
            description =
                    "Compute the layers again for their gradients: about a third more time, in much less memory. The"
                            + " adapter is the same.")
    private boolean recomputes;

    boolean value() {
        return recomputes;
    }
}
