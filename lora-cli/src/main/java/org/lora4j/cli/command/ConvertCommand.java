package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.algebra.TargetRank;
import org.lora4j.cli.convert.AdapterFiles;
import org.lora4j.cli.convert.AdapterResize;
import org.lora4j.cli.convert.GgufExport;
import org.lora4j.cli.convert.SourceAdapter;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.io.GgufSource;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.text.task.SavedAdapter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code convert}: an adapter to another rank, DoRA to LoRA, or a folder to a GGUF file. */
@Command(
        name = "convert",
        description =
                "Convert an adapter to another rank, or to a file for llama.cpp and Ollama. With the model, convert"
                        + " DoRA to LoRA.")
public final class ConvertCommand extends WorkCommand {
    private enum Gguf {
        F32(Dtype.F32),
        F16(Dtype.F16);

        private final Dtype precision;

        Gguf(Dtype precision) {
            this.precision = precision;
        }
    }

    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "DIR",
            description = "The folder of the adapter, or its GGUF file.")
    @SuppressWarnings("NullAway.Init")
    private Path adapter;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "PATH",
            description = "The folder that is written; with --gguf, the file.")
    @SuppressWarnings("NullAway.Init")
    private Path target;

    @Option(
            names = "--rank",
            paramLabel = "R",
            description = "The new rank. Default: that of the adapter, with --gguf or of a GGUF file.")
    private @Nullable Integer rank;

    @Option(
            names = "--gguf",
            paramLabel = "TYPE",
            description =
                    "Write a GGUF file with numbers of this type: ${COMPLETION-CANDIDATES}. It needs --model, a decoder."
                            + " Default: a folder in PEFT's form.")
    private @Nullable Gguf gguf;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description = "The folder of the model, for DoRA and for --gguf. Default: none.")
    private @Nullable Path model;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    ConvertCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.atLeast("--rank", Objects.requireNonNullElse(rank, 1), 1);
        boolean isGguf = GgufSource.is(adapter);
        check.require(rank != null || gguf != null || isGguf, "--rank or --gguf must be given, found neither");
        check.require(
                !isGguf || model != null,
                "--model must be given with the GGUF file of an adapter, which has the order of its rows, found none");
        check.require(gguf == null || model != null, "--gguf must be used with --model, found no model");
    }

    @Override
    protected void work() throws IOException {
        List<Path> inputs = model == null ? List.of(adapter) : List.of(adapter, model);
        if (gguf == null) {
            overwrite.requireFolder(target, inputs);
        } else {
            overwrite.requireFile(target, inputs);
        }
        SavedAdapter saved = SavedAdapter.read(adapter, model);
        AdapterResize.Result resized = rank == null ? null : AdapterResize.convert(saved, TargetRank.of(rank), model);
        LoRAAdapter result = resized == null ? SourceAdapter.load(saved, model) : resized.adapter();
        if (gguf == null || model == null) {
            AdapterFiles.save(result, List.of(saved), model, target);
        } else {
            GgufExport.write(result, model, gguf.precision, target);
        }
        Map<String, Object> numbers = resized == null ? Map.of() : Map.of("greatestError", resized.greatestError());
        Written written = new Written(target.toString(), numbers);
        output.show(out(), written, to -> {
            if (resized == null) {
                to.line("adapter written to %s", written.output());
            } else {
                to.line(
                        "adapter written to %s; greatest relative error of a layer: %.4g",
                        written.output(), resized.greatestError());
            }
        });
    }
}
