package org.lora4j.example.text.tickets;

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

/** {@code tickets}: an adapter that finds personal data in tickets of a support desk, which are masked. */
@Command(
        name = "tickets",
        description =
                "Find names, addresses and numbers of persons in made-up tickets of a support desk, and mask them. Compare an"
                        + " adapter with regular expressions and with the frozen encoder. 'lora tag' does this with texts of your own.")
public final class TicketsCommand extends WorkCommand {
    /** More bytes than the model, an adapter and a report need. */
    private static final long ROOM = 110_000_000;

    /** More tickets hardly bring anything new. */
    private static final int MOST_TICKETS = 100_000;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "The folder for the files of the run. Default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("text-tickets-run");

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Batches of the training of the adapter. Default: ${DEFAULT-VALUE}.")
    private int steps = TicketsLoRA.STEPS;

    @Option(
            names = "--train",
            paramLabel = "N",
            description = "Tickets for the training of the adapter. Default: ${DEFAULT-VALUE}.")
    private int trained = TicketsLoRA.TRAINED;

    @Option(names = "--test", paramLabel = "N", description = "Tickets of the test. Default: ${DEFAULT-VALUE}.")
    private int tested = TicketsLoRA.TESTED;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    /** Creates the command with its default options. */
    public TicketsCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.atLeast("--steps", steps, 1);
        check.inRange("--train", trained, 1, MOST_TICKETS);
        check.inRange("--test", tested, 1, MOST_TICKETS);
    }

    @Override
    protected void work() throws IOException {
        RunFolder folder = prepare(output, "the model, the adapter and the report", ROOM);
        new TicketsRun(trained, tested, steps, seed)
                .run(folder, settings(), new TextOutput(out()), display(progress, out(), "tickets"));
    }

    private Map<String, @Nullable Object> settings() {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        settings.put("output", output.toString());
        settings.put("train", trained);
        settings.put("test", tested);
        settings.put("steps", steps);
        settings.put("seed", seed);
        return settings;
    }
}
