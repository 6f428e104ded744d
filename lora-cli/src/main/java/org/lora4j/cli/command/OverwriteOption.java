package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.cli.file.OutputPath;
import picocli.CommandLine.Option;

/** Whether an output may replace an earlier one. */
final class OverwriteOption {
    @Option(names = "--overwrite", description = "Replace the adapter, the model or the file that --output names.")
    private boolean overwrite;

    /** Refuses an output that would replace an input, or unasked an earlier output. */
    void require(Path output, List<Path> inputs) throws IOException {
        OutputPath.requireOther(output, inputs);
        if (!overwrite) {
            OutputPath.requireNew(output);
        }
    }
}
