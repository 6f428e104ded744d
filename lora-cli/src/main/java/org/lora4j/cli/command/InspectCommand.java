package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.inspect.AdapterFitness;
import org.lora4j.cli.inspect.AdapterInspection;
import org.lora4j.cli.inspect.ModelInspection;
import org.lora4j.cli.inspect.RefusedModel;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.console.report.TextOutput;
import org.lora4j.io.GgufSource;
import org.lora4j.io.gguf.GgufAdapters;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.task.SavedAdapter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code inspect}: says what is in a folder. */
@Command(
        name = "inspect",
        description = "Say what is in the folder of a model or an adapter, and whether an adapter fits a model.")
public final class InspectCommand extends WorkCommand {
    @Parameters(paramLabel = "DIR", description = "The folder of a model or an adapter, or a GGUF file.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Option(names = "--model", paramLabel = "DIR", description = "The folder of a model that the adapter may fit.")
    private @Nullable Path model;

    @Mixin
    private final OutputOptions output = new OutputOptions();

    InspectCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.require(
                model == null || isAdapter() || !Files.exists(folder.resolve("config.json")),
                "--model must be used with the folder of an adapter, found a model in " + folder);
    }

    private boolean isAdapter() {
        return Files.exists(folder.resolve("adapter_config.json"));
    }

    /** Reads the adapter; nothing if the folder or file is of something else. */
    private Optional<SavedAdapter> adapter() throws IOException {
        if (GgufSource.is(folder) && GgufAdapters.isAdapter(folder)) {
            return Optional.of(model == null ? SavedAdapter.readAsStored(folder) : SavedAdapter.read(folder, model));
        }
        return isAdapter() ? Optional.of(SavedAdapter.read(folder)) : Optional.empty();
    }

    @Override
    protected void work() throws IOException {
        Optional<SavedAdapter> saved = adapter();
        if (saved.isPresent()) {
            AdapterInspection adapter = AdapterInspection.of(saved.get(), model);
            output.show(out(), adapter, to -> print(to, adapter));
            return;
        }
        try {
            ModelConfig.read(folder);
        } catch (IllegalArgumentException e) {
            RefusedModel refused = RefusedModel.of(folder, e);
            output.show(out(), refused, to -> print(to, refused));
            return;
        }
        ModelInspection found = ModelInspection.of(folder);
        output.show(out(), found, to -> print(to, found));
    }

    private static void print(TextOutput out, RefusedModel model) {
        out.line("%s: a model of the family %s, NOT supported", model.folder(), model.family());
        out.fact("%s", model.why());
    }

    private static void print(TextOutput out, AdapterInspection adapter) {
        out.line("%s: an adapter", adapter.folder());
        out.fact(
                "rank %d, alpha %s%s%s",
                adapter.rank(),
                TextOutput.plain(adapter.alpha()),
                adapter.dora() ? ", DoRA" : "",
                adapter.rankStabilized() ? ", rsLoRA" : "");
        out.fact("targets %s: %s layers by name", adapter.targets(), adapter.layers());
        out.fact("trained in full: %s", adapter.modulesToSave());
        out.fact("%,d trained parameters in %,d bytes", adapter.parameters(), adapter.bytes());
        out.fact("task %s, base %s", orNone(adapter.task()), orNone(adapter.base()));
        if (!adapter.labels().isEmpty()) {
            out.fact("%s %s", labels(adapter.problem()), adapter.labels());
        }
        out.fact("fingerprints of the base: %,d", adapter.fingerprints());
        AdapterFitness fit = adapter.fit();
        if (fit != null) {
            out.fact(
                    "fits %s: %s; the weights with which it was trained: %s",
                    fit.model(), yesOrNo(fit.fits()), yesOrNo(fit.sameWeights()));
            if (fit.problem() != null) {
                out.fact("%s", fit.problem());
            }
        }
    }

    /** Returns what labels are, by {@code problem_type}. */
    private static String labels(@Nullable String problem) {
        return problem == null ? "classes" : "outputs, " + problem + ":";
    }

    private static String yesOrNo(@Nullable Boolean known) {
        return known == null ? "not known" : known ? "yes" : "NO";
    }

    private static String orNone(@Nullable String text) {
        return text == null ? "not named" : text;
    }

    private static void print(TextOutput out, ModelInspection model) {
        ModelInspection.Support support = model.support();
        out.line(
                "%s: a model, %s of the family %s",
                model.folder(), support.decoder() ? "a decoder" : "an encoder", model.family());
        out.fact("targets of an adapter by default: %s", support.defaultTargets());
        out.fact(
                "at its end: %s; a new classifier: %s",
                support.head(), support.newClassifier() ? "yes" : "with the head mean only");
        if (!support.decoder()) {
            out.fact("tells the texts of a pair apart: %s", support.tokenTypes() > 1 ? "yes" : "no");
        }
        out.fact("adapters as GGUF files: %s", support.gguf() ? "yes" : "no");
        out.fact("%,d parameters; files of %,d bytes", model.parameters(), model.bytes());
        out.fact("linear layers by name: %s", model.targets());
        out.fact("files that decide: %s", model.files());
        out.fact("%,d tokens at most, as %s says", model.longest(), model.limitedBy());
        if (model.pooling() != null) {
            out.fact("sentence embeddings: %s", model.pooling());
        }
        if (!model.labels().isEmpty()) {
            out.fact("%s %s", labels(model.problem()), model.labels());
        }
        out.fact("chat template: %s", model.chat() ? "yes" : "no");
        model.warnings().forEach(warning -> out.fact("WARNING: %s", warning));
    }
}
