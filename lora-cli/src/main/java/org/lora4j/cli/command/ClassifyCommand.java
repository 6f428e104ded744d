package org.lora4j.cli.command;

import java.io.IOException;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.classify.ClassifyTask;
import org.lora4j.cli.classify.LabelsTask;
import org.lora4j.cli.classify.NumberTask;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code classify}: trains a classifier. */
@Command(
        name = "classify",
        description =
                "Train an adapter that classifies texts or pairs of texts, or gives each a number, on an encoder of the BERT family or on a decoder.")
public final class ClassifyCommand extends TrainCommand {
    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Mixin
    private final PairOption pair = new PairOption();

    @Option(
            names = "--label",
            paramLabel = "COLUMN",
            description = "The column of the class, of the labels, or of the number. Default: ${DEFAULT-VALUE}.")
    private String label = "label";

    @Mixin
    private final LabelsOption labels = new LabelsOption();

    @Option(
            names = "--number",
            description =
                    "Learn the number in the column of --label, such as a grade. An adapter of --adapter says it itself.")
    private boolean isNumber;

    @Mixin
    private final HeadOption head = new HeadOption();

    @Mixin
    private final TextLimit limit = new TextLimit();

    @Option(
            names = "--class-weights",
            paramLabel = "NAME",
            description =
                    "none, or balanced: all classes count the same, however many texts they have; of any number of labels,"
                            + " a label counts as much as its absence. Default: ${DEFAULT-VALUE}.")
    private ClassifyTask.ClassWeights weights = ClassifyTask.ClassWeights.NONE;

    @Option(
            names = "--start",
            paramLabel = "NAME",
            description =
                    "What the classifier of a new adapter begins with: probe (softmax regression on the frozen model; of up to"
                            + " 16 texts for a class, the layers learn pairs of texts before if a cross-validation says that it helps, and"
                            + " there are no steps then unless --epochs is given), or random. Default: ${DEFAULT-VALUE}.")
    private ClassifyTask.Start start = ClassifyTask.Start.PROBE;

    @Option(
            names = "--learn-all",
            negatable = true,
            description =
                    "Train once more on all texts, those of the validation and of the test too, after the numbers were measured, as"
                            + " long as the validation says. Default: for at most 5,000 texts.")
    private @Nullable Boolean learnsAll;

    @Option(
            names = "--no-baseline",
            description =
                    "Do not compare with a linear classifier of the words, nor with one on the frozen model, which takes"
                            + " about a third of an epoch.")
    private boolean noBaseline;

    ClassifyCommand() {
        super(16, DefaultRate.of(5e-4), DefaultEpochs.CLASSIFY);
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        limit.check(check);
        head.check(check);
        labels.check(check);
        check.require(
                !isNumber || !check.isGiven("--label-separator"),
                "--number must be used without --label-separator, because a text has one number, found both");
        check.require(
                !isNumber || !check.isGiven("--class-weights"),
                "--class-weights must be used with classes or labels, found --number");
        check.require(
                !check.isGiven("--start") || !check.isGiven("--adapter"),
                "--start must be used without --adapter, which has its own classifier, found both");
    }

    @Override
    CommandTask<?, ?, ?> open(TrainingInput input) throws IOException {
        ClassifyTask.Settings settings = new ClassifyTask.Settings(
                pair.columns(new Column("--text", text)),
                new Column("--label", label),
                head.value(),
                limit.value(),
                weights,
                start,
                learnsAll,
                noBaseline ? ClassifyTask.Baselines.MOST_FREQUENT_CLASS : ClassifyTask.Baselines.ALL);
        return switch (problem(input, settings.label())) {
            case SINGLE_LABEL_CLASSIFICATION -> ClassifyTask.open(input, settings);
            case MULTI_LABEL_CLASSIFICATION -> LabelsTask.open(input, settings, labels.separator());
            case REGRESSION -> NumberTask.open(input, settings);
        };
    }

    /** What the options ask for, or else what an adapter from which the training goes on says, or else what the first row has. */
    private ProblemType problem(TrainingInput input, Column column) throws IOException {
        if (isNumber) {
            return ProblemType.REGRESSION;
        }
        if (labels.separator() != null) {
            return ProblemType.MULTI_LABEL_CLASSIFICATION;
        }
        Optional<Outputs> begun = ClassifyTask.begun(input.begin());
        if (begun.isPresent()) {
            return begun.get().problem();
        }
        try (Stream<TextRow> rows = input.data().rows().stream()) {
            return rows.findFirst().filter(column::isListIn).isPresent()
                    ? ProblemType.MULTI_LABEL_CLASSIFICATION
                    : ProblemType.SINGLE_LABEL_CLASSIFICATION;
        }
    }
}
