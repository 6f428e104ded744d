package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lora4j.cli.convert.ModelMerge;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code merge}: a model and an adapter to one model. */
@Command(
        name = "merge",
        description = "Merge an adapter into its model, and write a folder of Hugging Face. The model stays as it is.")
public final class MergeCommand extends WorkCommand {
    @Option(names = "--model", required = true, paramLabel = "DIR", description = "The folder of the model.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(names = "--adapter", required = true, paramLabel = "DIR", description = "The folder of the adapter.")
    @SuppressWarnings("NullAway.Init")
    private Path adapter;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder that is written.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    MergeCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {}

    @Override
    protected void work() throws IOException {
        overwrite.requireFolder(folder, List.of(model, adapter));
        ModelMerge.merge(model, adapter, folder);
        Written written = new Written(folder.toString(), Map.of());
        output.show(out(), written, to -> to.line("merged model written to %s", written.output()));
    }
}
