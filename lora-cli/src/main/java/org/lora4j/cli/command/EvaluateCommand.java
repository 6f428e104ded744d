package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifierTest;
import org.lora4j.cli.model.TextClassifier;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.WorkCommand;
import org.lora4j.example.support.report.TextOutput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code evaluate}: tests a model or an adapter on a file. */
@Command(name = "evaluate", description = "Test a classifier on texts with their classes.")
public final class EvaluateCommand extends WorkCommand {
    @Mixin
    private final AdapterSource source = new AdapterSource();

    @Option(
            names = "--data",
            required = true,
            paramLabel = "FILE",
            description = "The examples: .csv, .tsv or .jsonl, plain or with .gz.")
    @SuppressWarnings("NullAway.Init")
    private Path data;

    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Option(
            names = "--label",
            paramLabel = "COLUMN",
            description = "The column of the class. Default: ${DEFAULT-VALUE}.")
    private String label = "label";

    @Option(names = "--skip-bad-lines", description = "Leave out lines that are wrong, and count them.")
    private boolean skipsBad;

    @Mixin
    private final OutputOptions output = new OutputOptions();

    EvaluateCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {}

    @Override
    protected void work() throws IOException {
        try (TextClassifier classifier = TextClassifier.open(source.model(), source.adapter())) {
            ClassifierTest.Result result = ClassifierTest.test(classifier, data, text, label, skipsBad);
            output.show(out(), result, to -> print(to, result));
        }
    }

    private static void print(TextOutput out, ClassifierTest.Result result) {
        ClassMetrics metrics = result.metrics();
        out.line(
                "%,d texts: accuracy %.2f %%, macro-F1 %.4f",
                metrics.texts(), 100 * metrics.accuracy(), metrics.macroF1());
        int width = metrics.classes().stream()
                .mapToInt(c -> c.name().length())
                .max()
                .orElse(0);
        for (ClassMetrics.OfClass c : metrics.classes()) {
            out.fact(
                    "%s precision %.4f  recall %.4f  F1 %.4f  %,d texts",
                    c.name() + " ".repeat(width - c.name().length()), c.precision(), c.recall(), c.f1(), c.texts());
        }
        if (!result.skipped().isEmpty()) {
            out.fact(
                    "%,d lines were left out; the first: %s",
                    result.skipped().size(), result.skipped().get(0));
        }
    }
}
