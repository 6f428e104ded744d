package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.report.Markdown;
import org.lora4j.cli.train.Division;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.report.ReportText;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.TextInput;
import org.lora4j.text.data.TextLabels;
import org.lora4j.text.metrics.PrecisionRecall;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.train.LabelledScores;
import org.lora4j.text.train.TrainableLabels;

/** An adapter learns to give texts any number of labels. The validation chooses a threshold for each of them. */
public final class LabelsTask extends ProbedTextTask<TextLabels, LabelledScores, LabelsResult> {
    private final LabelSets texts;
    private final TrainableLabels task;

    private LabelsTask(
            TrainingInput input,
            ClassifyTask.Settings settings,
            LabelSets texts,
            TextClassifier classifier,
            TrainableLabels task) {
        super(input, settings, classifier, task, texts.parts());
        this.texts = texts;
        this.task = task;
    }

    /**
     * Reads the texts and opens the model.
     *
     * @param input what is trained
     * @param settings the settings of the classifier
     * @param separator what stands between two labels of a text; null if they are lists
     * @return the task
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static LabelsTask open(TrainingInput input, ClassifyTask.Settings settings, @Nullable String separator)
            throws IOException {
        Outputs begun = begun(input.begin(), ProblemType.MULTI_LABEL_CLASSIFICATION);
        List<String> known = begun == null ? List.of() : begun.labels().names();
        LabelSets texts = LabelSets.read(
                input.data(),
                new LabelSets.Columns(settings.input(), settings.label(), separator, known),
                input.plan().seed());
        input.opened().add(texts.parts());
        TextClassifier classifier = settings.open(input, begun == null ? Outputs.anyOf(texts.labels()) : begun);
        TrainableLabels task = classifier.trainableLabels();
        return new LabelsTask(
                input,
                settings,
                texts,
                classifier,
                settings.weights() == ClassifyTask.ClassWeights.BALANCED
                        ? task.withPositiveWeights(texts.balancedWeights())
                        : task);
    }

    @Override
    protected String summary() {
        return super.summary() + ", with " + ReportText.count(texts.labels().count(), "label");
    }

    @Override
    String linear() {
        return "logistic regression of each label";
    }

    @Override
    protected Map<String, Object> settings() {
        Map<String, Object> values = super.settings();
        values.put("classWeights", asked().weights().name().toLowerCase(Locale.ROOT));
        return values;
    }

    /** The thresholds belong to the adapter that was chosen, and without a validation they stay what they are. */
    @Override
    void end() {
        List<TextLabels> validation = examples().validation();
        if (!validation.isEmpty()) {
            task.useThresholds(task.measure(adapter(), validation).bestThresholds());
        }
    }

    @Override
    protected LabelsResult judge() {
        if (judging().isEmpty()) {
            return new LabelsResult(counts(), learned(), null, null, null, null);
        }
        LabelledScores after = measure(adapter());
        LabelledScores before = null;
        LabelledScores words = null;
        Map<String, List<PrecisionRecall>> baselines = new LinkedHashMap<>();
        if (asked().baselines() == ClassifyTask.Baselines.ALL) {
            Network frozen = frozen();
            before = withThresholds(some -> task.measure(frozen, some));
            baselines.put("the frozen model", before.metrics().byText());
            Function<TextInput, List<Double>> ofWords =
                    WordBaseline.labels(examples().train(), texts.labels());
            words = withThresholds(some -> scores(ofWords, some));
            baselines.put("word counts", words.metrics().byText());
        }
        List<Boolean> frequent = task.has(new TextLabels("", texts.mostFrequent()));
        baselines.put(
                "the most frequent labels", after.always(frequent).metrics().byText());
        return new LabelsResult(
                counts(),
                learned(),
                Judgement.ofF1(
                        measuredOn(), noun(), Metric.MICRO_F1, after.metrics().byText(), baselines),
                words == null ? null : LabelMetrics.of(words),
                before == null ? null : LabelMetrics.of(before),
                LabelMetrics.of(after));
    }

    /** A baseline has thresholds of its own, which the validation chooses too. */
    private LabelledScores withThresholds(Function<List<TextLabels>, LabelledScores> baseline) {
        List<TextLabels> validation = examples().validation();
        return baseline.apply(judging())
                .withThresholds(
                        validation.isEmpty()
                                ? Outputs.anyOf(texts.labels()).thresholds()
                                : baseline.apply(validation).bestThresholds());
    }

    private LabelledScores scores(Function<TextInput, List<Double>> words, List<TextLabels> some) {
        return new LabelledScores(
                Outputs.anyOf(texts.labels()),
                some.stream().map(task::has).toList(),
                some.stream().map(words).toList());
    }

    private List<ClassifyResult.ClassCount> counts() {
        int[] trained = texts.count(Division.Part.TRAIN);
        int[] validated = texts.count(Division.Part.VALIDATION);
        int[] held = texts.count(Division.Part.TEST);
        return IntStream.range(0, trained.length)
                .mapToObj(i -> new ClassifyResult.ClassCount(texts.labels().name(i), trained[i], validated[i], held[i]))
                .toList();
    }

    @Override
    public TaskPage page() {
        List<String> names =
                texts.labels().names().stream().map(Markdown::escaped).toList();
        return page(
                "labels.ftlh",
                "Labels of texts on " + model(),
                "An adapter and a classifier of any number of labels were trained.",
                "A LoRA adapter with a classifier that gives a text any number of "
                        + ReportText.count(names.size(), "label") + ": " + ReportText.list(names) + ".");
    }
}
