package org.lora4j.example.text.calendar;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.ProgressOptions;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.console.report.TextOutput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code calendar}: a small language model that calls functions, an adapter with new functions, and a grammar. */
@Command(
        name = "calendar",
        description =
                "Train a small Llama to call the functions of a home, and an adapter that teaches it those of a calendar."
                        + " Compare the calls of both, with and without a grammar of the functions.")
public final class CalendarCommand extends WorkCommand {
    /** More bytes than the small model, an adapter and a report need. */
    private static final long ROOM = 50_000_000;

    /** More different requests are hard to find. */
    private static final int MOST_REQUESTS = 100_000;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "The folder for the files of the run. Default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("text-calendar-run");

    @Option(
            names = "--base-steps",
            paramLabel = "N",
            description = "Batches of the training of the small model. Default: ${DEFAULT-VALUE}.")
    private int baseSteps = CalendarLoRA.BASE_STEPS;

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Batches of the training of the adapter. Default: ${DEFAULT-VALUE}.")
    private int steps = CalendarLoRA.STEPS;

    @Option(
            names = "--train",
            paramLabel = "N",
            description = "Requests for the training of the adapter. Default: ${DEFAULT-VALUE}.")
    private int trained = CalendarLoRA.REQUESTS;

    @Option(names = "--test", paramLabel = "N", description = "Requests of the test. Default: ${DEFAULT-VALUE}.")
    private int tested = CalendarLoRA.TESTED;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    /** Creates the command with its default options. */
    public CalendarCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.atLeast("--base-steps", baseSteps, 1);
        check.atLeast("--steps", steps, 1);
        check.inRange("--train", trained, 1, MOST_REQUESTS);
        check.inRange("--test", tested, 1, MOST_REQUESTS);
    }

    @Override
    protected void work() throws IOException {
        RunFolder folder = prepare(output, "the model, the adapter and the report", ROOM);
        new CalendarRun(trained, tested, baseSteps, steps, seed)
                .run(folder, settings(), new TextOutput(out()), display(progress, out(), "requests"));
    }

    private Map<String, @Nullable Object> settings() {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        settings.put("output", output.toString());
        settings.put("train", trained);
        settings.put("test", tested);
        settings.put("baseSteps", baseSteps);
        settings.put("steps", steps);
        settings.put("seed", seed);
        return settings;
    }
}
