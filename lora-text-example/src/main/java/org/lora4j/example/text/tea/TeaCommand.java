package org.lora4j.example.text.tea;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.lora4j.LoRAModel;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.ProgressOptions;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;
import org.lora4j.train.TrainingResult;
import org.nd4j.linalg.api.buffer.DataType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tea}: makes the small chat model that lies in the folder {@code models} of this module, and the data of its adapters. */
@Command(
        name = "tea",
        description = "Train the small chat model of a made-up tea shop from random weights, which lies ready in"
                + " lora-text-example/models, and write the conversations for its adapters.")
public final class TeaCommand extends WorkCommand {
    /** More bytes than the model and the conversations need. */
    private static final long ROOM = 50_000_000;

    private static final int STEPS = 15_000;
    private static final int CONVERSATIONS = 60_000;

    /** Conversations for an adapter. */
    private static final int FOR_ADAPTER = 1_500;

    private static final String MODEL = "tea-shop";

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description = "The folder for the files of the run. Default: ${DEFAULT-VALUE}.")
    private Path output = Path.of("text-tea-run");

    @Option(
            names = "--steps",
            paramLabel = "N",
            description = "Batches of 16 conversations of the training. Default: ${DEFAULT-VALUE}.")
    private int steps = STEPS;

    @Option(names = "--test", paramLabel = "N", description = "Questions of the test. Default: ${DEFAULT-VALUE}.")
    private int tested = 500;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of all random choices. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    /** Creates the command with its default options. */
    public TeaCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.atLeast("--steps", steps, 1);
        check.inRange("--test", tested, 1, 10_000);
    }

    @Override
    protected void work() throws IOException {
        RunFolder folder = prepare(output, "the model and the conversations", ROOM);
        TextOutput out = new TextOutput(out());
        TeaShop shop = TeaShop.read();
        Path model = folder.path().resolve(MODEL);
        try (DecoderFolder decoder = TeaModel.create(shop, model, seed)) {
            int count = (int) Math.min(CONVERSATIONS, 16L * steps);
            out.section("A Llama from random weights: %,d batches of conversations in a tea shop", steps);
            TrainingResult training = display(progress, out(), "conversations")
                    .show(
                            "Model",
                            steps,
                            listener ->
                                    TeaModel.train(decoder, shop.conversations(count, seed), steps, seed, listener));
            out.training(training);
            folder.write("the model " + model, () -> {
                TeaModel.save(decoder, model);
                return training;
            });
        }
        folder.add("model", MODEL + "/model.safetensors");
        try (DecoderFolder decoder = DecoderFolder.open(model, DataType.FLOAT)) {
            LoRAModel frozen = LoRAModel.of(decoder.network());
            List<Conversation> tests = shop.newQuestions(tested, seed + 2);
            int right = Collections.frequency(TeaModel.answers(decoder, frozen, LoRAModel.BASE, tests), true);
            out.fact("%d of %d answers to questions in new words are right", right, tests.size());
        }
        write(folder, "pirate", shop.pirate(FOR_ADAPTER, seed, Talk.Purpose.ADAPTER));
        write(folder, "december", shop.december(FOR_ADAPTER, seed, Talk.Purpose.ADAPTER));
        folder.files()
                .forEach((purpose, file) ->
                        out.fact("%-8s %s", purpose, folder.path().resolve(file)));
    }

    private static void write(RunFolder folder, String name, List<Conversation> conversations) throws IOException {
        for (Conversation conversation : conversations) {
            TextFiles.append(folder.path().resolve(name + ".jsonl"), TextRow.of(conversation.toRow()));
        }
        folder.add(name, name + ".jsonl");
    }
}
