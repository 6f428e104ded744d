package org.lora4j.cli.command;

import java.io.IOException;
import org.lora4j.cli.classify.ClassifyTask;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.internal.DefaultSteps;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code classify}: trains a classifier. */
@Command(
        name = "classify",
        description = "Train an adapter that classifies texts, on an encoder of the BERT family or on a decoder.")
public final class ClassifyCommand extends TrainCommand {
    @Option(names = "--text", paramLabel = "COLUMN", description = "The column of the text. Default: ${DEFAULT-VALUE}.")
    private String text = "text";

    @Option(
            names = "--label",
            paramLabel = "COLUMN",
            description = "The column of the class. Default: ${DEFAULT-VALUE}.")
    private String label = "label";

    @Mixin
    private final HeadOption head = new HeadOption();

    @Mixin
    private final TextLimit limit = new TextLimit();

    @Option(
            names = "--class-weights",
            paramLabel = "NAME",
            description = "none, or balanced: all classes count the same, however many texts they have. Default:"
                    + " ${DEFAULT-VALUE}.")
    private ClassifyTask.ClassWeights weights = ClassifyTask.ClassWeights.NONE;

    @Option(
            names = "--no-baseline",
            description =
                    "Do not compare with a linear classifier of the words, nor with one on the frozen model, which takes"
                            + " about a third of an epoch.")
    private boolean noBaseline;

    ClassifyCommand() {
        super(16, 1e-3, DefaultSteps.ENOUGH);
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        super.checkOptions(check);
        limit.check(check);
        head.check(check);
    }

    @Override
    CommandTask<?, ?, ?> open(TrainingInput input) throws IOException {
        return ClassifyTask.open(
                input,
                new ClassifyTask.Settings(
                        new Column("--text", text),
                        new Column("--label", label),
                        head.value(),
                        limit.value(),
                        weights,
                        noBaseline ? ClassifyTask.Baselines.MOST_FREQUENT_CLASS : ClassifyTask.Baselines.ALL));
    }
}
