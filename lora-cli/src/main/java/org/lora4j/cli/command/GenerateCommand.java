package org.lora4j.cli.command;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.language.TextGenerator;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.text.DecoderFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code generate}: a prompt to text. */
@Command(
        name = "generate",
        description = "Print what a decoder answers to a prompt, as it comes. A model with a chat template gets it as a"
                + " message of the user.")
public final class GenerateCommand extends WorkCommand {
    @Mixin
    private final ModelAndAdapter source = new ModelAndAdapter();

    @Option(names = "--prompt", paramLabel = "TEXT", description = "The prompt. Default: standard input.")
    private @Nullable String prompt;

    @Option(names = "--raw", description = "Continue the prompt as it stands, without the chat template.")
    private boolean raw;

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final GenerationFlags flags = new GenerationFlags();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    GenerateCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        flags.check(check);
        check.require(prompt == null || !prompt.isBlank(), "--prompt must not be blank");
    }

    @Override
    protected void work() throws IOException {
        String text = prompt == null ? standardInput() : prompt;
        try (DecoderFolder decoder = DecoderFolder.open(source.model(), storage.value())) {
            LoRAModel model = AdaptedModel.load(decoder, source.adapters());
            TextGenerator generator = new TextGenerator(decoder, model);
            TextGenerator.Result result = raw
                    ? generator.continueText(text, flags.options(), this::show)
                    : generator.reply(text, flags.options(), this::show);
            output.show(out(), result, to -> to.line(""));
        }
    }

    private void show(String part) {
        output.text(out()).part(part);
    }

    private static String standardInput() throws IOException {
        InputStream in = System.in;
        String text = new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
        if (text.isEmpty()) {
            throw new IOException("standard input must have a prompt, found nothing; give it with --prompt");
        }
        return text;
    }
}
