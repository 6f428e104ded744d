package org.lora4j.cli.command;

import java.io.IOException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.convert.TextEmbedding;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.text.task.Embed;
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
            description = "What the texts are, for models with prompts: ${COMPLETION-CANDIDATES}. Default: TEXT.")
    private Embed.@Nullable Kind kind;

    @Option(
            names = "--prompt",
            paramLabel = "NAME",
            description =
                    "The prompt before each text, by its name in config_sentence_transformers.json. Default: that of"
                            + " --kind.")
    private @Nullable String prompt;

    @Mixin
    private final EmbeddingOptions embedding = new EmbeddingOptions();

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    EmbedCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        texts.check(check);
        embedding.check(check);
        check.require(
                kind == null || prompt == null,
                "--kind and --prompt must not be used together, found both; each of them says which prompt is used");
    }

    @Override
    protected void work() throws IOException {
        file.write(
                texts,
                output,
                out(),
                copy -> TextEmbedding.embed(
                        source.files(storage),
                        copy,
                        texts.column(),
                        new TextEmbedding.Settings(
                                kind == null ? Embed.Kind.TEXT : kind,
                                prompt,
                                embedding.settings(OptionalInt.empty()))));
    }
}
