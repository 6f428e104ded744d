package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.report.Markdown;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Division;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.TextInput;
import org.lora4j.text.data.TextNumber;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.train.NumberedTexts;

/** An adapter learns to give texts a number. */
public final class NumberTask extends ProbedTextTask<TextNumber, NumberedTexts, NumberResult> {
    private final NumberResult.Range range;

    private NumberTask(
            TrainingInput input,
            ClassifyTask.Settings settings,
            DataFile.Divided<TextNumber> texts,
            NumberResult.Range range,
            TextClassifier classifier) {
        super(input, settings, classifier, classifier.trainableNumbers(), texts);
        this.range = range;
    }

    /**
     * Reads the texts and opens the model.
     *
     * @param input what is trained
     * @param settings the settings of the classifier; the column of the class has the number
     * @return the task
     * @throws IOException if a file cannot be read, or all numbers for training are the same
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static NumberTask open(TrainingInput input, ClassifyTask.Settings settings) throws IOException {
        Outputs begun = begun(input.begin(), ProblemType.REGRESSION);
        Outputs outputs = begun == null ? Outputs.number(settings.label().name()) : begun;
        DoubleSummaryStatistics numbers = new DoubleSummaryStatistics();
        DataFile.Divided<TextNumber> texts = input.opened()
                .add(input.data()
                        .comparedBy(settings.input()::content)
                        .read(
                                row -> List.of(of(row, settings.input(), settings.label())),
                                (examples, part) -> {
                                    if (part == Division.Part.TRAIN) {
                                        numbers.accept(examples.get(0).number());
                                    }
                                },
                                input.plan().seed()));
        if (numbers.getMin() == numbers.getMax()) {
            throw new IOException(input.data().file() + ": the column " + settings.label()
                    + " must have at least two different numbers for training, found only " + numbers.getMin());
        }
        return new NumberTask(
                input,
                settings,
                texts,
                new NumberResult.Range(numbers.getMin(), numbers.getAverage(), numbers.getMax()),
                settings.open(input, outputs));
    }

    static TextNumber of(TextRow row, InputColumns text, Column number) {
        return new TextNumber(text.text(row), text.pair(row), number.number(row));
    }

    @Override
    String linear() {
        return "ridge regression";
    }

    @Override
    protected NumberResult judge() {
        if (judging().isEmpty()) {
            return new NumberResult(range, learned(), null, null, null, null);
        }
        NumberedTexts after = measure(adapter());
        NumberedTexts before = null;
        NumberedTexts words = null;
        Map<String, List<Double>> baselines = new LinkedHashMap<>();
        if (asked().baselines() == ClassifyTask.Baselines.ALL) {
            before = measure(frozen());
            baselines.put("the frozen model", before.squaredErrors());
            ToDoubleFunction<TextInput> ofWords = WordBaseline.number(examples().train());
            words = new NumberedTexts(
                    after.actual(),
                    judging().stream().map(ofWords::applyAsDouble).toList());
            baselines.put("word counts", words.squaredErrors());
        }
        baselines.put("the mean", after.always(range.mean()).squaredErrors());
        return new NumberResult(
                range,
                learned(),
                Judgement.ofSquaredErrors(measuredOn(), noun(), after.squaredErrors(), baselines),
                words == null ? null : NumberMetrics.of(words),
                before == null ? null : NumberMetrics.of(before),
                NumberMetrics.of(after));
    }

    @Override
    public TaskPage page() {
        String name = asked().label().name();
        return page(
                "number.ftlh",
                "The number " + name + " of texts on " + model(),
                "An adapter and a layer for a number were trained.",
                "A LoRA adapter with a layer that gives a text a number, " + Markdown.escaped(name) + ".");
    }
}
