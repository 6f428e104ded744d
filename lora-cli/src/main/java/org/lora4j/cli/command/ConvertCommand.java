package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.algebra.TargetRank;
import org.lora4j.cli.convert.AdapterFiles;
import org.lora4j.cli.convert.AdapterResize;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.WorkCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code convert}: an adapter to another rank, or DoRA to LoRA. */
@Command(name = "convert", description = "Convert an adapter to another rank. With the model, convert DoRA to LoRA.")
public final class ConvertCommand extends WorkCommand {
    @Option(names = "--adapter", required = true, paramLabel = "DIR", description = "The folder of the adapter.")
    @SuppressWarnings("NullAway.Init")
    private Path adapter;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder that is written.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Option(names = "--rank", required = true, paramLabel = "R", description = "The new rank.")
    private int rank;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "The folder of the model, for DoRA. Default: none, for LoRA.")
    private @Nullable Path model;

    @Mixin
    private final OutputOptions output = new OutputOptions();

    ConvertCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.atLeast("--rank", rank, 1);
    }

    @Override
    protected void work() throws IOException {
        OutputPath.requireOther(folder, model == null ? List.of(adapter) : List.of(adapter, model));
        AdapterResize.Result converted = AdapterResize.convert(adapter, TargetRank.of(rank), model);
        AdapterFiles.save(converted.adapter(), adapter, model, folder);
        Written written = new Written(folder.toString(), Map.of("greatestError", converted.greatestError()));
        output.show(
                out(),
                written,
                to -> to.line(
                        "adapter written to %s; greatest relative error of a layer: %.4g",
                        written.output(), converted.greatestError()));
    }
}
