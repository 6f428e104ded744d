package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.convert.ModelMerge;
import org.lora4j.cli.convert.OnnxMerge;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.io.GgufSource;
import org.lora4j.io.gguf.model.GgufPrecision;
import org.lora4j.text.task.SavedAdapter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code merge}: a model and an adapter to one model. */
@Command(
        name = "merge",
        description =
                "Merge an adapter into its model, and write a folder of Hugging Face, or one for ONNX Runtime. The model stays as it is.")
public final class MergeCommand extends WorkCommand {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "The folder of the model, or a GGUF file.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

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
            paramLabel = "DIR",
            description = "The folder that is written; or the GGUF file, if --model is one.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Option(
            names = "--gguf",
            paramLabel = "TYPE",
            description =
                    "If --model is a GGUF file: the form of the matrices that change, ${COMPLETION-CANDIDATES}. The others stay"
                            + " as they are. Default: F16.")
    private @Nullable GgufPrecision precision;

    @Option(
            names = "--onnx",
            description =
                    "Write the file model.onnx in place of weights of Hugging Face, for ONNX Runtime and what builds on it, with"
                            + " the embedding, the classes or the score that the adapter is for.")
    private boolean asOnnx;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    MergeCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.require(
                precision == null || GgufSource.is(model),
                "--gguf must be used with a GGUF file as --model, found " + model);
        check.require(!asOnnx || !GgufSource.is(model), "--onnx must be used with a folder as --model, found " + model);
        check.require(
                GgufSource.is(model) == GgufSource.is(folder),
                "--output must be a GGUF file if --model is one, and else a folder, found " + folder);
    }

    @Override
    protected void work() throws IOException {
        if (GgufSource.is(model)) {
            overwrite.requireFile(folder, List.of(model, adapter));
            ModelMerge.mergeGguf(
                    model,
                    SavedAdapter.read(adapter, model),
                    precision == null ? GgufPrecision.F16 : precision,
                    folder);
        } else {
            overwrite.requireFolder(folder, List.of(model, adapter));
            SavedAdapter saved = SavedAdapter.read(adapter, model);
            if (asOnnx) {
                OnnxMerge.merge(model, saved, folder);
            } else {
                ModelMerge.merge(model, saved, folder);
            }
        }
        Written written = new Written(folder.toString(), Map.of());
        output.show(out(), written, to -> to.line("merged model written to %s", written.output()));
    }
}
