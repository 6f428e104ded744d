package org.lora4j.cli.command;

import java.io.IOException;
import org.lora4j.cli.convert.TextEmbedding;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code embed}: texts to vectors. */
@Command(name = "embed", description = "Copy a file of texts, and add the sentence embedding of each, 'embedding'.")
public final class EmbedCommand extends WorkCommand {
    @Mixin
    private final ModelAndAdapter source = new ModelAndAdapter();

    @Mixin
    private final TextsOptions texts = new TextsOptions();

    @Mixin
    private final FileOutput file = new FileOutput();

    @Option(
            names = "--kind",
            paramLabel = "NAME",
            description = "What the texts are, for models with prompts: ${COMPLETION-CANDIDATES}. Default:"
                    + " ${DEFAULT-VALUE}.")
    private TextEmbedding.Kind kind = TextEmbedding.Kind.TEXT;

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    EmbedCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        texts.check(check);
    }

    @Override
    protected void work() throws IOException {
        file.write(
                texts,
                output,
                out(),
                copy -> TextEmbedding.embed(
                        source.model(), source.adapter(), copy, texts.column(), kind, storage.value()));
    }
}
