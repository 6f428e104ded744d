package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lora4j.cli.convert.TextEmbedding;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.cli.file.RowFile;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.WorkCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code embed}: texts to vectors. */
@Command(name = "embed", description = "Copy a file of texts, and add the sentence embedding of each, 'embedding'.")
public final class EmbedCommand extends WorkCommand {
    @Mixin
    private final AdapterSource source = new AdapterSource();

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "The texts: .csv, .tsv or .jsonl, plain or with .gz.")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Option(
            names = "--output",
            required = true,
            paramLabel = "FILE",
            description = "The file that is written, in the form that its name says.")
    @SuppressWarnings("NullAway.Init")
    private Path file;

    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Option(
            names = "--kind",
            paramLabel = "NAME",
            description = "What the texts are, for models with prompts: ${COMPLETION-CANDIDATES}. Default:"
                    + " ${DEFAULT-VALUE}.")
    private TextEmbedding.Kind kind = TextEmbedding.Kind.TEXT;

    @Option(names = "--skip-bad-lines", description = "Leave out lines that are wrong, and count them.")
    private boolean skipsBad;

    @Mixin
    private final OutputOptions output = new OutputOptions();

    EmbedCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {}

    @Override
    protected void work() throws IOException {
        OutputPath.requireOther(file, List.of(data));
        List<String> skipped = new ArrayList<>();
        RowFile copy = new RowFile(data, file, skipsBad ? e -> skipped.add(e.getMessage()) : null);
        long rows = TextEmbedding.embed(source.model(), source.adapter(), copy, text, kind);
        Written written = new Written(file.toString(), Map.of("rows", rows, "skipped", skipped.size()));
        output.show(
                out(),
                written,
                to -> to.line(
                        "%,d rows written to %s; %,d lines were left out", rows, written.output(), skipped.size()));
    }
}
