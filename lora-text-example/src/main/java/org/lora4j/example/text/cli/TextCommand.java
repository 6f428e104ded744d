package org.lora4j.example.text.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.cli.ProgressOptions;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.cli.WorkCommand;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that trains adapters on texts and writes a report. */
abstract class TextCommand extends WorkCommand {
    /** More bytes than adapters and a report need. */
    private static final long ROOM = 20_000_000;

    @Mixin
    private final TextOptions text = new TextOptions();

    @Mixin
    private final ModelOptions model;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "The folder for the files of the run. Default: ${DEFAULT-VALUE}.")
    private Path output;

    @Mixin
    private final FineTuneOptions fineTune;

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    /** Creates a command with the defaults of its options. */
    TextCommand(String output, ModelOptions model, FineTuneOptions fineTune) {
        this.output = Path.of(output);
        this.model = model;
        this.fineTune = fineTune;
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        model.check(check);
        fineTune.check(check);
    }

    final TextOptions text() {
        return text;
    }

    final ModelOptions model() {
        return model;
    }

    final FineTuneOptions fineTune() {
        return fineTune;
    }

    final ProgressDisplay progress(String unit) {
        return progress.display(out(), unit);
    }

    /** Makes sure, before any work, that the results can be written. */
    final RunFolder prepareOutput() throws IOException {
        return prepare(output, "the adapter and the report", ROOM);
    }

    /** Returns the options of the run, for the report. */
    Map<String, @Nullable Object> settings() {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        text.addTo(settings);
        settings.put("output", output.toString());
        model.addTo(settings);
        fineTune.addTo(settings);
        return settings;
    }
}
