package org.lora4j.example.text;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.AdapterView;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.text.EncoderFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code classify}: {@link TextLoRA} with options. */
@Command(
        name = "classify",
        description =
                "Run TextLoRA.java: have some words of a sentence changed their order? Compare an adapter with a classifier"
                        + " on the frozen encoder. 'lora classify' does this with texts of your own.")
public final class ClassifyCommand extends WorkCommand {
    /** More bytes than all files need. */
    private static final long ROOM = 110_000_000;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "The folder for the model, the texts and the adapter. Default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("text-run");

    @Option(names = "--steps", paramLabel = "N", description = "Batches of the training. Default: ${DEFAULT-VALUE}.")
    private int steps = 400;

    @Option(names = "--max-tokens", paramLabel = "N", description = "Texts are cut here. Default: ${DEFAULT-VALUE}.")
    private int maxTokens = 64;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed;

    ClassifyCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.atLeast("--steps", steps, 1);
        check.inRange("--max-tokens", maxTokens, 3, 512);
    }

    @Override
    protected void work() throws IOException {
        RunFolder folder = prepare(output, "the model, the texts and the adapter", ROOM);
        ExampleFiles files = ExampleFiles.write(folder.path());
        try (EncoderFolder encoder = EncoderFolder.open(files.model(), maxTokens)) {
            AdapterView order = TextLoRA.run(
                    encoder, files.texts("train-order"), files.texts("test-order"), steps, seed, out()::println);
            folder.saveAdapter("adapter", "order", order);
        }
        out().println("the adapter is in " + folder.path().resolve("adapters/order"));
    }
}
