package org.lora4j.cli.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.language.ChatSession;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.Terminal;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.task.SavedAdapter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chat}: a conversation in the terminal. */
@Command(
        name = "chat",
        description = "Talk to a decoder. Each line of standard input is a message. /adapter NAME changes the adapter,"
                + " /new begins anew, /exit ends.")
public final class ChatCommand extends WorkCommand {
    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "The folder of the model, or a GGUF file.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description =
                    "The folder of an adapter, or its GGUF file; its name is that of the folder. Repeat it for several; the first"
                            + " answers.")
    private List<Path> adapters = List.of();

    @Option(names = "--system", paramLabel = "TEXT", description = "The message of the system. Default: none.")
    private @Nullable String system;

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final GenerationFlags flags = new GenerationFlags();

    ChatCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        flags.check(check);
    }

    @Override
    protected void work() throws IOException {
        List<SavedAdapter> saved = new ArrayList<>();
        for (Path adapter : adapters) {
            saved.add(SavedAdapter.read(adapter, model));
        }
        try (DecoderFolder decoder = DecoderFolder.open(model, storage.value())) {
            ChatSession session = new ChatSession(
                    decoder,
                    AdaptedModel.load(decoder, saved),
                    flags.options(),
                    system,
                    out(),
                    Terminal.isPresent() ? "> " : "");
            session.run(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
        }
    }
}
