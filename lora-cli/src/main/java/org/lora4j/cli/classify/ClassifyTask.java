package org.lora4j.cli.classify;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.cli.measure.Comparison;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.measure.PairedDifference;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.Division;
import org.lora4j.cli.train.Examples;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.console.report.ReportText;
import org.lora4j.nn.Network;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.train.Loss;

/** An adapter learns to classify texts. */
public final class ClassifyTask implements TextTask<ClassifyResult> {
    /** The report shows at most so many texts of a kind. */
    private static final int MOST_CHANGED = 50;

    private final Settings settings;
    private final long seed;
    private final LabelledTexts texts;
    private final TextClassifier classifier;
    private final AdapterView adapter;
    private final TokenizedTexts train;
    private final @Nullable TokenizedTexts validation;
    private final @Nullable TokenizedTexts tested;

    /**
     * The settings of a classifier.
     *
     * @param text the column of the text
     * @param label the column of the class
     * @param head what the classifier reads; null for what suits the model
     * @param maxTokens where texts are cut; empty for where the folder of the model says
     * @param balanced whether all classes count the same
     * @param baseline whether linear classifiers of words and on the frozen model are compared
     */
    public record Settings(
            Column text,
            Column label,
            @Nullable Head head,
            OptionalInt maxTokens,
            boolean balanced,
            boolean baseline) {}

    private ClassifyTask(TrainingInput input, Settings settings, LabelledTexts texts, TextClassifier classifier) {
        this.settings = settings;
        this.texts = texts;
        this.classifier = classifier;
        seed = input.plan().seed();
        train = new TokenizedTexts(classifier, texts.train());
        validation = texts.validation().isEmpty() ? null : new TokenizedTexts(classifier, texts.validation());
        tested = texts.judging().isEmpty() ? null : new TokenizedTexts(classifier, texts.judging());
        adapter =
                input.begin() == null ? classifier.addAdapter(input.configOn(classifier.name())) : classifier.adapter();
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
        long seed = input.plan().seed();
        LabelledTexts texts =
                LabelledTexts.read(input.data(), settings.text(), settings.label(), known(input.begin()), seed);
        TextClassifier classifier = null;
        try {
            classifier = input.begin() == null
                    ? TextClassifier.create(
                            input.model(), texts.labels(), settings.head(), settings.maxTokens(), seed, input.storage())
                    : TextClassifier.goOn(
                            input.model(), input.begin(), texts.labels(), settings.maxTokens(), input.storage());
            return new ClassifyTask(input, settings, texts, classifier);
        } catch (IOException | RuntimeException e) {
            texts.close();
            if (classifier != null) {
                classifier.close();
            }
            throw e;
        }
    }

    /** Returns the classes of an adapter from which a training goes on; none if they are not known. */
    private static List<String> known(@Nullable SavedAdapter adapter) {
        return adapter == null
                ? List.of()
                : adapter.task()
                        .map(task -> task instanceof Classify classify
                                ? classify.labels().names()
                                : List.<String>of())
                        .orElse(List.of());
    }

    @Override
    public Parts parts() {
        return new Parts(
                classifier.name(),
                classifier.model().network(),
                adapter,
                settings.balanced()
                        ? Loss.sparseSoftmaxCrossEntropy(texts.balancedWeights())
                        : Loss.sparseSoftmaxCrossEntropy(),
                false,
                train,
                validation == null ? Examples.NONE : validation,
                texts.test().size(),
                texts.copies(),
                maxTokens(),
                0,
                texts.skipped(),
                values());
    }

    @Override
    public String summary() {
        return summary("text") + ", in " + ReportText.count(texts.labels().count(), "class");
    }

    private int maxTokens() {
        return classifier.maxTokens();
    }

    private Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("text", settings.text().name());
        values.put("head", classifier.head().text());
        values.put("maxTokens", maxTokens());
        values.put("classWeights", settings.balanced() ? "balanced" : "none");
        values.put("labels", texts.labels().toString());
        return values;
    }

    @Override
    public boolean writeTask(Path folder) throws IOException {
        new Classify(texts.labels(), classifier.head(), OptionalInt.of(maxTokens())).write(folder);
        return true;
    }

    @Override
    public ClassifyResult measure() {
        TokenizedTexts measured = tested;
        if (measured == null) {
            return ClassifyResult.unmeasured(counts());
        }
        TestedTexts found = TestedTexts.of(classifier, measured);
        List<Integer> actual = found.actual();
        List<Integer> after = found.predicted();
        List<Integer> before = settings.baseline() ? ofFrozen(measured) : null;
        List<Integer> words = settings.baseline() ? ofWords(measured) : null;
        List<Comparison> comparisons = new ArrayList<>();
        if (before != null && words != null) {
            comparisons.add(comparison("the frozen model", found, before));
            comparisons.add(comparison("word counts", found, words));
        }
        comparisons.add(
                comparison("the most frequent class", found, Collections.nCopies(actual.size(), mostFrequentClass())));
        ClassMetrics metrics = found.metrics(classifier);
        return new ClassifyResult(
                counts(),
                new Judgement(
                        Judgement.MeasuredOn.of(texts.test()),
                        "text",
                        actual.size(),
                        Metric.ACCURACY,
                        metrics.accuracy(),
                        comparisons),
                words == null ? null : ClassMetrics.of(texts.labels(), actual, words),
                before == null ? null : ClassMetrics.of(texts.labels(), actual, before),
                metrics,
                found.calibration(),
                before == null ? List.of() : changed(measured, actual, before, after, true),
                before == null ? List.of() : changed(measured, actual, before, after, false));
    }

    private static Comparison comparison(String baseline, TestedTexts found, List<Integer> predicted) {
        List<Double> ofBaseline = TestedTexts.right(found.actual(), predicted);
        return new Comparison(
                baseline,
                ofBaseline.stream().mapToDouble(Double::doubleValue).average().orElseThrow(),
                PairedDifference.ofShares(TestedTexts.right(found.actual(), found.predicted()), ofBaseline));
    }

    /** Returns the class of most texts for training. */
    private int mostFrequentClass() {
        int[] trained = texts.count(Division.Part.TRAIN);
        return IntStream.range(0, trained.length)
                .boxed()
                .max(Comparator.comparingInt(c -> trained[c]))
                .orElseThrow();
    }

    private List<Integer> ofWords(TokenizedTexts measured) {
        WordBaseline words = WordBaseline.train(texts.train(), texts.labels());
        List<Integer> predicted = new ArrayList<>();
        for (int i = 0; i < measured.size(); i++) {
            predicted.add(words.predict(measured.text(i).text()));
        }
        return predicted;
    }

    private List<Integer> ofFrozen(TokenizedTexts measured) {
        FrozenBaseline baseline = new FrozenBaseline(classifier, seed);
        Network head = baseline.train(train);
        List<Integer> predicted = new ArrayList<>();
        measured.forEach(some -> {
            for (int c : head.predict(baseline.features(some)).argMax(1).toIntVector()) {
                predicted.add(c);
            }
        });
        return predicted;
    }

    private List<ClassifyResult.ClassCount> counts() {
        int[] trained = texts.count(Division.Part.TRAIN);
        int[] validated = texts.count(Division.Part.VALIDATION);
        int[] held = texts.count(Division.Part.TEST);
        return IntStream.range(0, trained.length)
                .mapToObj(c -> new ClassifyResult.ClassCount(texts.labels().name(c), trained[c], validated[c], held[c]))
                .toList();
    }

    /** Returns texts that only the adapter classifies rightly, or only the baseline. */
    private List<ClassifyResult.Changed> changed(
            TokenizedTexts measured, List<Integer> actual, List<Integer> before, List<Integer> after, boolean fixed) {
        List<ClassifyResult.Changed> changed = new ArrayList<>();
        for (int i = 0; i < measured.size() && changed.size() < MOST_CHANGED; i++) {
            boolean wasRight = before.get(i).equals(actual.get(i));
            boolean isRight = after.get(i).equals(actual.get(i));
            if (wasRight != isRight && isRight == fixed) {
                LabelledText text = measured.text(i);
                changed.add(new ClassifyResult.Changed(
                        text.text(),
                        text.label(),
                        texts.labels().name(before.get(i)),
                        texts.labels().name(after.get(i))));
            }
        }
        return changed;
    }

    /** Frees the tokenizer, and closes the files. */
    @Override
    public void close() {
        classifier.close();
        texts.close();
    }
}
