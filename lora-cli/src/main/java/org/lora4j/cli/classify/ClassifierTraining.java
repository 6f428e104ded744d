package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.cli.model.TaskFile;
import org.lora4j.cli.model.TextClassifier;
import org.lora4j.cli.train.CheckpointFile;
import org.lora4j.cli.train.Estimate;
import org.lora4j.cli.train.TextTraining;
import org.lora4j.cli.train.TrainingSummary;
import org.lora4j.example.support.cli.ProgressDisplay;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.train.EpochBatches;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.text.LabelledText;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;

/** Trains an adapter that classifies texts, tests it on the validation texts, and writes it into a folder. */
public final class ClassifierTraining implements AutoCloseable {
    /** The report shows at most so many texts of a kind. */
    private static final int MOST_CHANGED = 50;

    private final ClassifyTask task;
    private final LabelledTexts texts;
    private final TextClassifier classifier;
    private final AdapterView adapter;
    private final TokenizedTexts train;
    private final @Nullable TokenizedTexts validation;
    private final TextTraining training;

    private ClassifierTraining(ClassifyTask task, LabelledTexts texts, TextClassifier classifier) {
        this.task = task;
        this.texts = texts;
        this.classifier = classifier;
        train = TokenizedTexts.of(classifier, texts.train());
        validation = texts.validation().isEmpty() ? null : TokenizedTexts.of(classifier, texts.validation());
        LoRAConfig config = task.config();
        adapter = classifier.addAdapter(config.toBuilder()
                .hubFields(config.hubFields().withBaseModel(classifier.encoder().name()))
                .build());
        Loss loss = task.balanced() ? Loss.softmaxCrossEntropy(texts.balancedWeights()) : Loss.softmaxCrossEntropy();
        training = new TextTraining(adapter, loss, task.plan(), train.size(), false);
    }

    /**
     * Reads the texts and opens the model.
     *
     * @param task what is trained
     * @return the training, which has not begun
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static ClassifierTraining prepare(ClassifyTask task) throws IOException {
        long seed = task.plan().seed();
        LabelledTexts texts = LabelledTexts.read(task.data(), task.text(), task.label(), seed);
        TextClassifier classifier =
                TextClassifier.create(task.model(), texts.labels(), task.head(), task.maxTokens(), seed);
        try {
            return new ClassifierTraining(task, texts, classifier);
        } catch (RuntimeException e) {
            classifier.close();
            throw e;
        }
    }

    /**
     * Returns the texts.
     *
     * @return those for training and for the validation
     */
    public LabelledTexts texts() {
        return texts;
    }

    private int trainable() {
        return Math.toIntExact(adapter.parameters().stream()
                .map(Parameter::value)
                .mapToLong(value -> value.length())
                .sum());
    }

    private long frozen() {
        return classifier.model().network().parameters().stream()
                .mapToLong(parameter -> parameter.value().length())
                .sum();
    }

    private Iterable<Batch> batches() {
        return new EpochBatches(train.size(), task.plan().batch(), task.plan().seed(), train::batch);
    }

    /**
     * Measures what the training needs. It cannot be run after this.
     *
     * @return the estimate
     */
    public Estimate estimate() {
        Estimate.Sizes sizes = new Estimate.Sizes(
                trainable(),
                frozen(),
                train.size(),
                texts.validation().size(),
                train.lengths(),
                validation == null ? 0 : validation.tokens().tokens());
        return Estimate.measure(training, sizes, train.longest(task.plan().batch()), batches());
    }

    private CheckpointFile checkpoint(RunFolder folder) throws IOException {
        Map<String, Object> settings = settings();
        // The tokens say more than the name of a file.
        settings.put("texts", Integer.toHexString(Objects.hash(train.contentHash(), heldHash())));
        settings.put("the base", training.baseHash(classifier.model().network()));
        return new CheckpointFile(folder.path(), settings);
    }

    private int heldHash() {
        return validation == null ? 0 : validation.contentHash();
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("text", task.text());
        settings.put("head", classifier.head().name().toLowerCase(Locale.ROOT));
        settings.put("maxTokens", classifier.encoder().tokenizer().maxTokens());
        settings.put("classWeights", task.balanced() ? "balanced" : "none");
        settings.put("labels", texts.labels().toString());
        settings.put("adapter", task.config().toString());
        settings.putAll(task.plan().settings());
        return settings;
    }

    /**
     * Trains, tests, and writes adapter and task. The checkpoint stays until the report is written; see
     * {@link CheckpointFile#delete}.
     *
     * @param folder the output folder
     * @param resume whether to go on from the checkpoint in it
     * @param progress shows the training
     * @return the report
     * @throws IOException if a file cannot be read or written
     */
    public ClassifyReport run(RunFolder folder, boolean resume, ProgressDisplay progress) throws IOException {
        CheckpointFile checkpoint = checkpoint(folder);
        if (!resume) {
            checkpoint.requireNone();
        }
        List<Batch> held =
                validation == null ? List.of() : validation.batches(task.plan().batch());
        TextTraining.Outcome outcome = training.run(batches(), held, checkpoint, resume, progress, () -> {
            folder.add("checkpoint", CheckpointFile.NAME);
            folder.advise("go on with --resume");
        });
        save(folder);
        return report(outcome);
    }

    private void save(RunFolder folder) throws IOException {
        folder.write("the adapter in " + folder.path(), () -> {
            adapter.save(folder.path());
            new TaskFile(
                            texts.labels(),
                            classifier.head(),
                            classifier.encoder().tokenizer().maxTokens())
                    .write(folder.path());
            return folder;
        });
        folder.add("adapter", "adapter_model.safetensors");
        folder.add("adapterConfig", "adapter_config.json");
        folder.add("task", TaskFile.NAME);
    }

    private ClassifyReport report(TextTraining.Outcome outcome) {
        ClassMetrics baseline = null;
        ClassMetrics metrics = null;
        List<ClassifyReport.Changed> fixed = List.of();
        List<ClassifyReport.Changed> broken = List.of();
        if (validation != null) {
            List<Integer> after =
                    Predictions.of(classifier, validation.tokens()).classes();
            metrics = ClassMetrics.of(texts.labels(), validation.classes(), after);
            if (task.baseline()) {
                List<Integer> before =
                        new FrozenBaseline(classifier, task.plan().seed()).predict(train, validation);
                baseline = ClassMetrics.of(texts.labels(), validation.classes(), before);
                fixed = changed(validation, before, after, true);
                broken = changed(validation, before, after, false);
            }
        }
        return new ClassifyReport(
                classifier.encoder().name(),
                settings(),
                counts(),
                ClassifyReport.Sizes.of(
                        trainable(),
                        frozen(),
                        train,
                        classifier.encoder().tokenizer().maxTokens()),
                TrainingSummary.of(outcome),
                baseline,
                metrics,
                fixed,
                broken,
                texts.skipped(),
                Map.of());
    }

    private List<ClassifyReport.ClassCount> counts() {
        int[] trained = texts.counts(texts.train());
        int[] held = texts.counts(texts.validation());
        return IntStream.range(0, trained.length)
                .mapToObj(c -> new ClassifyReport.ClassCount(texts.labels().name(c), trained[c], held[c]))
                .toList();
    }

    /** Returns texts that only the adapter classifies rightly, or only the baseline. */
    private List<ClassifyReport.Changed> changed(
            TokenizedTexts tested, List<Integer> before, List<Integer> after, boolean fixed) {
        List<ClassifyReport.Changed> changed = new ArrayList<>();
        for (int i = 0; i < tested.size() && changed.size() < MOST_CHANGED; i++) {
            boolean wasRight = before.get(i).equals(tested.classes().get(i));
            boolean isRight = after.get(i).equals(tested.classes().get(i));
            if (wasRight != isRight && isRight == fixed) {
                LabelledText text = tested.texts().get(i);
                changed.add(new ClassifyReport.Changed(
                        text.text(),
                        text.label(),
                        texts.labels().name(before.get(i)),
                        texts.labels().name(after.get(i))));
            }
        }
        return changed;
    }

    /** Frees the tokenizer. */
    @Override
    public void close() {
        classifier.close();
    }
}
