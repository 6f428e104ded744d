package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.LoRAModel;
import org.lora4j.cli.classify.ClassPredictor;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.language.CompletionPredictor;
import org.lora4j.cli.language.TextGenerator;
import org.lora4j.cli.model.DecoderAdapters;
import org.lora4j.cli.model.DecoderFolder;
import org.lora4j.cli.model.ModelKind;
import org.lora4j.cli.model.TextClassifier;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.WorkCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code predict}: a file to a file. */
@Command(
        name = "predict",
        description =
                "Copy a file of texts, and add the class of each as a word, 'predicted', and its 'probability'. With a"
                        + " decoder, 'predicted' is its answer.")
public final class PredictCommand extends WorkCommand {
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

    @Option(names = "--skip-bad-lines", description = "Leave out lines that are wrong, and count them.")
    private boolean skipsBad;

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final GenerationFlags flags = new GenerationFlags();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    PredictCommand() {}

    /**
     * What was written.
     *
     * @param output the file
     * @param rows its rows
     * @param skipped what was wrong with lines that were left out
     */
    record Result(String output, long rows, List<String> skipped) {}

    @Override
    protected void checkOptions(OptionCheck check) {
        boolean mayBeDecoder = source.kind().map(ModelKind::isDecoder).orElse(true);
        check.require(
                !flags.isUsed() || mayBeDecoder,
                "the options of a generation must be used with a decoder, found an encoder in " + source.model());
        storage.check(check, mayBeDecoder);
        flags.check(check);
    }

    @Override
    protected void work() throws IOException {
        OutputPath.requireOther(file, List.of(data));
        List<String> skipped = new ArrayList<>();
        RowFile copy = new RowFile(data, file, skipsBad ? e -> skipped.add(e.getMessage()) : null);
        long rows = ModelKind.of(source.model()).isDecoder() ? answer(copy) : classify(copy);
        Result result = new Result(file.toString(), rows, skipped);
        output.show(out(), result, to -> {
            to.line("%,d rows written to %s", result.rows(), result.output());
            if (!skipped.isEmpty()) {
                to.fact("%,d lines were left out; the first: %s", skipped.size(), skipped.get(0));
            }
        });
    }

    private long classify(RowFile copy) throws IOException {
        try (TextClassifier classifier = TextClassifier.open(source.model(), source.adapter())) {
            return ClassPredictor.predict(classifier, copy, text);
        }
    }

    private long answer(RowFile copy) throws IOException {
        try (DecoderFolder decoder = DecoderFolder.open(source.model(), storage.precision())) {
            LoRAModel model = DecoderAdapters.load(decoder, source.adapters());
            return CompletionPredictor.predict(new TextGenerator(decoder, model), copy, text, flags.options());
        }
    }
}
