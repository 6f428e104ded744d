package org.lora4j.cli.classify;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.cli.model.Head;
import org.lora4j.cli.model.TaskFile;
import org.lora4j.cli.model.TextClassifier;
import org.lora4j.cli.train.Examples;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.nn.Network;
import org.lora4j.text.LabelledText;
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

    /**
     * The settings of a classifier.
     *
     * @param text the column of the text
     * @param label the column of the class
     * @param head what the classifier reads; null for what suits the model
     * @param maxTokens where texts are cut; empty for where the folder of the model says
     * @param balanced whether all classes count the same
     * @param baseline whether a linear classifier on the frozen encoder is compared
     */
    public record Settings(
            String text,
            String label,
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
        adapter = classifier.addAdapter(input.configOn(classifier.name()));
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
        LabelledTexts texts = LabelledTexts.read(input.data(), settings.text(), settings.label(), seed);
        TextClassifier classifier = null;
        try {
            classifier = TextClassifier.create(
                    input.model(), texts.labels(), settings.head(), settings.maxTokens(), seed, input.storage());
            return new ClassifyTask(input, settings, texts, classifier);
        } catch (IOException | RuntimeException e) {
            texts.close();
            if (classifier != null) {
                classifier.close();
            }
            throw e;
        }
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
                maxTokens(),
                0,
                texts.skipped(),
                values());
    }

    @Override
    public String summary() {
        return "%,d texts for training and %,d for the validation, in %d classes"
                .formatted(
                        texts.train().size(),
                        texts.validation().size(),
                        texts.labels().count());
    }

    private int maxTokens() {
        return classifier.maxTokens();
    }

    private Map<String, Object> values() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("text", settings.text());
        values.put("head", classifier.head().name().toLowerCase(Locale.ROOT));
        values.put("maxTokens", maxTokens());
        values.put("classWeights", settings.balanced() ? "balanced" : "none");
        values.put("labels", texts.labels().toString());
        return values;
    }

    @Override
    public boolean writeTask(Path folder) throws IOException {
        TaskFile.classify(texts.labels(), classifier.head(), maxTokens()).write(folder);
        return true;
    }

    @Override
    public ClassifyResult measure() {
        TokenizedTexts tested = validation;
        if (tested == null) {
            return new ClassifyResult(counts(), null, null, List.of(), List.of());
        }
        FrozenBaseline baseline = new FrozenBaseline(classifier, seed);
        Network head = settings.baseline() ? baseline.train(train) : null;
        List<Integer> actual = new ArrayList<>();
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        tested.forEach(some -> {
            actual.addAll(some.classes());
            after.addAll(Predictions.of(classifier, some.sequences()).classes());
            if (head != null) {
                for (int predicted :
                        head.predict(baseline.features(some)).argMax(1).toIntVector()) {
                    before.add(predicted);
                }
            }
        });
        ClassMetrics metrics = ClassMetrics.of(texts.labels(), actual, after);
        return head == null
                ? new ClassifyResult(counts(), null, metrics, List.of(), List.of())
                : new ClassifyResult(
                        counts(),
                        ClassMetrics.of(texts.labels(), actual, before),
                        metrics,
                        changed(tested, actual, before, after, true),
                        changed(tested, actual, before, after, false));
    }

    private List<ClassifyResult.ClassCount> counts() {
        int[] trained = texts.trained();
        int[] held = texts.held();
        return IntStream.range(0, trained.length)
                .mapToObj(c -> new ClassifyResult.ClassCount(texts.labels().name(c), trained[c], held[c]))
                .toList();
    }

    /** Returns texts that only the adapter classifies rightly, or only the baseline. */
    private List<ClassifyResult.Changed> changed(
            TokenizedTexts tested, List<Integer> actual, List<Integer> before, List<Integer> after, boolean fixed) {
        List<ClassifyResult.Changed> changed = new ArrayList<>();
        for (int i = 0; i < tested.size() && changed.size() < MOST_CHANGED; i++) {
            boolean wasRight = before.get(i).equals(actual.get(i));
            boolean isRight = after.get(i).equals(actual.get(i));
            if (wasRight != isRight && isRight == fixed) {
                LabelledText text = tested.text(i);
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
