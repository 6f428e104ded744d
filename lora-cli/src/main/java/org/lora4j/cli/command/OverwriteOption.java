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

    /** Refuses a folder that would replace an input, or unasked an earlier result. */
    void requireFolder(Path output, List<Path> inputs) throws IOException {
        OutputPath.requireOther(output, inputs);
        if (!overwrite) {
            OutputPath.requireNoResult(output);
        }
    }

    /** Refuses a file that would replace an input, or unasked an earlier one. */
    void requireFile(Path output, List<Path> inputs) throws IOException {
        OutputPath.requireOther(output, inputs);
        if (!overwrite) {
            OutputPath.requireNewFile(output);
        }
    }
}
