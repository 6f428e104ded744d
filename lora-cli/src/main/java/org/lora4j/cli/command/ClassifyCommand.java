package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifierTraining;
import org.lora4j.cli.classify.ClassifyReport;
import org.lora4j.cli.classify.ClassifyTask;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.cli.model.Head;
import org.lora4j.cli.report.CardFile;
import org.lora4j.cli.report.ClassifyFiles;
import org.lora4j.cli.train.CheckpointFile;
import org.lora4j.cli.train.Estimate;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.ProgressOptions;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.cli.WorkCommand;
import org.lora4j.example.support.report.TextOutput;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code classify}: trains a classifier. */
@Command(name = "classify", description = "Train an adapter that classifies texts, on an encoder of the BERT family.")
public final class ClassifyCommand extends WorkCommand {
    /** More bytes than adapters, checkpoints and a report mostly need. */
    private static final long ROOM = 20_000_000;

    private enum ClassWeights {
        NONE,
        BALANCED
    }

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "The folder of the model.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Mixin
    private final DataOptions data = new DataOptions();

    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Option(
            names = "--label",
            paramLabel = "COLUMN",
            description = "The column of the class. Default: ${DEFAULT-VALUE}.")
    private String label = "label";

    @Option(
            names = "--head",
            paramLabel = "NAME",
            description =
                    "What the classifier reads: mean (of the tokens) or pooler (the first token, as in Hugging Face's"
                            + " classes). Default: pooler if the model has one and is not for sentence embeddings.")
    private @Nullable Head head;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Texts are cut at this many tokens. Default: as the model's folder says.")
    private @Nullable Integer maxTokens;

    @Option(
            names = "--class-weights",
            paramLabel = "NAME",
            description = "none, or balanced: all classes count the same, however many texts they have. Default:"
                    + " ${DEFAULT-VALUE}.")
    private ClassWeights weights = ClassWeights.NONE;

    @Option(
            names = "--no-baseline",
            description =
                    "Do not compare with a linear classifier on the frozen encoder, which takes about a third of an"
                            + " epoch.")
    private boolean noBaseline;

    @Mixin
    private final AdapterOptions adapter = new AdapterOptions();

    @Mixin
    private final TrainingOptions training = new TrainingOptions(16, 1e-3);

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    ClassifyCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        data.check(check);
        adapter.check(check);
        training.check(check);
        if (maxTokens != null) {
            check.atLeast("--max-tokens", maxTokens, 3);
        }
    }

    private ClassifyTask task() {
        return new ClassifyTask(
                model,
                data.file(),
                text,
                label,
                adapter.config(training.seed()),
                training.plan(),
                head,
                maxTokens == null ? OptionalInt.empty() : OptionalInt.of(maxTokens),
                weights == ClassWeights.BALANCED,
                !noBaseline);
    }

    @Override
    protected void work() throws IOException {
        if (training.isDryRun()) {
            try (ClassifierTraining prepared = ClassifierTraining.prepare(task())) {
                Estimate estimate = prepared.estimate();
                output.show(out(), estimate, estimate::print);
            }
            return;
        }
        OutputPath.requireOther(training.output(), List.of(model));
        CardFile.requireOwn(training.output());
        RunFolder folder = prepare(training.output(), "the adapter and the report", ROOM);
        try (ClassifierTraining prepared = ClassifierTraining.prepare(task())) {
            introduce(prepared);
            ClassifyReport report = ClassifyFiles.write(
                    folder, model, prepared.run(folder, training.resumes(), progress.display(err(), "texts")));
            CheckpointFile.delete(folder.path());
            output.show(out(), report, to -> print(to, report, folder));
        }
    }

    private void introduce(ClassifierTraining prepared) {
        output.text(out())
                .line(
                        "%,d texts for training and %,d for the validation, in %d classes",
                        prepared.texts().train().size(),
                        prepared.texts().validation().size(),
                        prepared.texts().labels().count());
    }

    private static void print(TextOutput out, ClassifyReport report, RunFolder folder) {
        out.fact(
                "%,d steps in %.1f s; mean loss at the end: %.4f",
                report.training().steps(),
                report.training().seconds(),
                report.training().loss());
        if (!report.skipped().isEmpty()) {
            out.fact(
                    "%,d lines were left out; the first: %s",
                    report.skipped().size(), report.skipped().get(0));
        }
        ClassMetrics baseline = report.baseline();
        if (baseline != null) {
            out.fact("frozen encoder: accuracy %.2f %%, macro-F1 %.4f", 100 * baseline.accuracy(), baseline.macroF1());
        }
        ClassMetrics metrics = report.metrics();
        if (metrics != null) {
            out.fact("adapter:        accuracy %.2f %%, macro-F1 %.4f", 100 * metrics.accuracy(), metrics.macroF1());
        }
        out.files(folder.path(), report.files());
    }
}
