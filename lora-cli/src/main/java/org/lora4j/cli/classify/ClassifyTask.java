package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.function.ToIntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.report.Markdown;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.Division;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.report.ReportText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.TextInput;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;
import org.lora4j.text.train.ClassifiedTexts;
import org.lora4j.text.train.LinearProbe;
import org.lora4j.text.train.TrainableClassify;

/** An adapter learns to classify texts. */
public final class ClassifyTask extends CommandTask<LabelledText, ClassifiedTexts, ClassifyResult> {
    /** A second training takes as long as the first, and a share more of so many texts teaches little. */
    private static final int MOST_LEARNED_AGAIN = 5_000;

    /** The report shows at most so many texts of a kind. */
    private static final int MOST_CHANGED = 50;

    private final Settings settings;
    private final LabelledTexts texts;
    private final TextClassifier classifier;
    private final TrainableClassify task;
    private final ClassifyRecipe recipe;
    private final long seed;

    /**
     * The settings of a classifier.
     *
     * @param input the column of the text, or those of a pair
     * @param label the column of the class
     * @param head what the classifier reads; null for what suits the model
     * @param maxTokens where texts are cut; empty for where the folder of the model says
     * @param weights how much each class counts
     * @param start what the classifier of a new adapter begins with
     * @param learnsAll whether the adapter that is written learns all texts; null for whether they are few enough
     * @param baselines what the adapter is compared with
     */
    public record Settings(
            InputColumns input,
            Column label,
            @Nullable Head head,
            OptionalInt maxTokens,
            ClassWeights weights,
            Start start,
            @Nullable Boolean learnsAll,
            Baselines baselines) {
        /** Opens the model with a classifier of what the columns have. */
        TextClassifier open(TrainingInput training, Outputs outputs) throws IOException {
            return input.opened(training.classifier(outputs, head, maxTokens), training.begin() != null);
        }

        /** Returns whether the adapter that is written learns all texts, also those that are held out. */
        boolean learnsAll(int held, int train) {
            boolean isShort = held + train <= MOST_LEARNED_AGAIN;
            return held > 0 && (learnsAll == null ? isShort : learnsAll);
        }
    }

    /** What the classifier of a new adapter begins with. */
    public enum Start {
        /** Softmax regression on the frozen model; of few texts, on a model that has learned pairs of them. */
        PROBE,
        /** Numbers at random. */
        RANDOM
    }

    /** How much each class counts in the loss. */
    public enum ClassWeights {
        /** As much as it has texts. */
        NONE,
        /** All count the same. */
        BALANCED
    }

    /** What a classifier is compared with. */
    public enum Baselines {
        /** Linear classifiers of words and on the frozen model, which have to be trained, and the most frequent class. */
        ALL,
        /** The most frequent class alone. */
        MOST_FREQUENT_CLASS
    }

    private ClassifyTask(
            TrainingInput input,
            Settings settings,
            LabelledTexts texts,
            TextClassifier classifier,
            TrainableClassify task) {
        super(classifier.name(), task, input.addAdapter(classifier), texts.parts());
        this.settings = settings;
        this.texts = texts;
        this.classifier = classifier;
        this.task = task;
        seed = input.plan().seed();
        recipe = new ClassifyRecipe(
                task,
                adapter(),
                settings.start() == Start.PROBE && input.begin() == null,
                input.plan().asksForEpochs(),
                seed);
    }

    /**
     * Reads the texts and opens the model.
     *
     * @param input what is trained
     * @param settings the settings of the classifier
     * @return the task
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static ClassifyTask open(TrainingInput input, Settings settings) throws IOException {
        LabelledTexts texts = LabelledTexts.read(
                input.data(),
                settings.input(),
                settings.label(),
                known(input.begin()),
                input.plan().seed());
        input.opened().add(texts.parts());
        TextClassifier classifier = settings.open(input, Outputs.oneOf(texts.labels()));
        TrainableClassify task = classifier.trainableClasses();
        return new ClassifyTask(
                input,
                settings,
                texts,
                classifier,
                settings.weights() == ClassWeights.BALANCED ? task.withClassWeights(texts.balancedWeights()) : task);
    }

    /** Returns the classes of an adapter from which a training goes on; none if they are not known. */
    private static List<String> known(@Nullable SavedAdapter adapter) {
        return begun(adapter).map(outputs -> outputs.labels().names()).orElse(List.of());
    }

    /**
     * Returns what the outputs of an adapter mean from which a training goes on.
     *
     * @param adapter the adapter; null for a new one
     * @return its labels, or its number; nothing if its task is not known
     */
    public static Optional<Outputs> begun(@Nullable SavedAdapter adapter) {
        return adapter == null ? Optional.empty() : adapter.task().flatMap(Task::classifierOutputs);
    }

    @Override
    protected String noun() {
        return settings.input().noun();
    }

    @Override
    protected String summary() {
        return super.summary() + ", in " + ReportText.count(texts.labels().count(), "class");
    }

    @Override
    protected int maxTokens() {
        return classifier.maxTokens();
    }

    @Override
    protected ClassifyRecipe recipe() {
        return recipe;
    }

    @Override
    protected boolean learnsAll() {
        return settings.learnsAll(
                examples().validation().size() + examples().test().size(), train().size());
    }

    @Override
    protected Map<String, Object> settings() {
        Map<String, Object> values = new LinkedHashMap<>();
        settings.input().addTo(values);
        values.put("head", classifier.head().text());
        values.put("maxTokens", maxTokens());
        values.put("classWeights", settings.weights().name().toLowerCase(Locale.ROOT));
        values.put("start", settings.start().name().toLowerCase(Locale.ROOT));
        values.put("learnsAll", learnsAll());
        values.put("labels", texts.labels().toString());
        return values;
    }

    @Override
    protected ClassifyResult judge() {
        List<LabelledText> judging = examples().judging();
        if (judging.isEmpty()) {
            return ClassifyResult.unmeasured(counts(), learned());
        }
        ClassifiedTexts after = measure(adapter());
        ClassifiedTexts before = null;
        ClassifiedTexts words = null;
        LearningCurve curve = null;
        Map<String, List<Double>> baselines = new LinkedHashMap<>();
        if (settings.baselines() == Baselines.ALL) {
            SortedMap<Integer, List<Integer>> frozen = frozen().learningCurve(judging, seed);
            before = after.withPredictions(Objects.requireNonNull(frozen.get(frozen.lastKey())));
            curve = LearningCurve.of(after, frozen);
            ToIntFunction<TextInput> ofWords = WordBaseline.classes(examples().train(), texts.labels());
            words = after.withPredictions(
                    judging.stream().map(ofWords::applyAsInt).toList());
            baselines.put("the frozen model", before.right());
            baselines.put("word counts", words.right());
        }
        baselines.put(
                "the most frequent class",
                after.withPredictions(Collections.nCopies(judging.size(), mostFrequentClass()))
                        .right());
        return new ClassifyResult(
                counts(),
                learned(),
                Judgement.ofShares(measuredOn(), noun(), Metric.ACCURACY, after.right(), baselines),
                words == null ? null : ClassMetrics.of(words),
                before == null ? null : ClassMetrics.of(before),
                ClassMetrics.of(after),
                after.calibration(),
                curve,
                before == null ? List.of() : changed(before, after, after),
                before == null ? List.of() : changed(before, after, before));
    }

    /** Returns a classifier on the mean of the hidden states of the frozen model, which may be known from the start. */
    private LinearProbe frozen() {
        return recipe.probe()
                .filter(probe -> classifier.head() == Head.MEAN)
                .orElseGet(() ->
                        LinearProbe.fit(classifier.features(), task, examples().train()));
    }

    private ClassifyResult.Learned learned() {
        int all = train().size()
                + examples().validation().size()
                + examples().test().size();
        return recipe.learned(train().size(), learnsAll() ? all : train().size());
    }

    /** Returns the class of most texts for training. */
    private int mostFrequentClass() {
        int[] trained = texts.count(Division.Part.TRAIN);
        return IntStream.range(0, trained.length)
                .boxed()
                .max(Comparator.comparingInt(c -> trained[c]))
                .orElseThrow();
    }

    private List<ClassifyResult.ClassCount> counts() {
        int[] trained = texts.count(Division.Part.TRAIN);
        int[] validated = texts.count(Division.Part.VALIDATION);
        int[] held = texts.count(Division.Part.TEST);
        return IntStream.range(0, trained.length)
                .mapToObj(c -> new ClassifyResult.ClassCount(texts.labels().name(c), trained[c], validated[c], held[c]))
                .toList();
    }

    /** Returns texts that only one of both, which is given again, has right. */
    private List<ClassifyResult.Changed> changed(ClassifiedTexts before, ClassifiedTexts after, ClassifiedTexts right) {
        return IntStream.range(0, after.actual().size())
                .filter(i -> before.isRight(i) != after.isRight(i) && right.isRight(i))
                .limit(MOST_CHANGED)
                .mapToObj(i -> changed(
                        examples().judging().get(i),
                        before.predicted().get(i),
                        after.predicted().get(i)))
                .toList();
    }

    private ClassifyResult.Changed changed(LabelledText text, int before, int after) {
        return new ClassifyResult.Changed(
                InputColumns.shown(text),
                text.label(),
                texts.labels().name(before),
                texts.labels().name(after));
    }

    @Override
    public TaskPage page() {
        List<String> names =
                texts.labels().names().stream().map(Markdown::escaped).toList();
        String head = classifier.head() == Head.MEAN
                ? " The classifier reads the mean over the tokens; the classes of `transformers` read the first token, so"
                        + " there this adapter needs such a head."
                : "";
        return new TaskPage(
                "classify.ftlh",
                "text-classification",
                "A classifier on " + model(),
                "An adapter and a classifier were trained.",
                "A LoRA adapter with a classifier of " + ReportText.count(names.size(), "class") + ": "
                        + ReportText.list(names) + "." + head,
                "predict --data texts.csv " + settings.input().options() + " --output predicted.csv");
    }
}
