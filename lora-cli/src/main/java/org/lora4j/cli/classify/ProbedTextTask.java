package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.train.HeadProbe;
import org.lora4j.text.train.ProbedTask;

/**
 * An adapter learns something of texts whose classifier can begin as a linear model on the frozen model.
 *
 * @param <E> an example
 * @param <M> what a model is measured by
 * @param <R> what the report says
 */
abstract class ProbedTextTask<E, M, R extends TaskResult> extends CommandTask<E, M, R> {
    private final ClassifyTask.Settings settings;
    private final TextClassifier classifier;
    private final ProbedTask<E, M> probed;
    private final ProbeRecipe<E> recipe;

    ProbedTextTask(
            TrainingInput input,
            ClassifyTask.Settings settings,
            TextClassifier classifier,
            ProbedTask<E, M> task,
            DataFile.Divided<E> examples) {
        super(classifier.name(), task, input.addAdapter(classifier), examples);
        this.settings = settings;
        this.classifier = classifier;
        probed = task;
        AdapterView adapter = adapter();
        boolean hasStart = settings.start() == ClassifyTask.Start.PROBE && input.begin() == null;
        recipe = new ProbeRecipe<>(task, adapter, hasStart, this::end);
    }

    /**
     * Returns what the outputs of an adapter mean from which a training goes on.
     *
     * @param adapter the adapter; null for a new one
     * @param problem what they must mean
     * @return null if they are not known
     * @throws IOException if they mean something else
     */
    static @Nullable Outputs begun(@Nullable SavedAdapter adapter, ProblemType problem) throws IOException {
        Outputs outputs = ClassifyTask.begun(adapter).orElse(null);
        if (outputs != null && outputs.problem() != problem) {
            throw new IOException(adapter + ": the adapter must be one for " + problem.text() + ", found "
                    + outputs.problem().text() + " in " + TaskFile.NAME);
        }
        return outputs;
    }

    /** Is called once the adapter is chosen that is measured. */
    void end() {}

    /** What the linear model is with which the classifier begins, in words. */
    abstract String linear();

    final ClassifyTask.Settings asked() {
        return settings;
    }

    final Head head() {
        return classifier.head();
    }

    @Override
    protected final String noun() {
        return settings.input().noun();
    }

    @Override
    protected final int maxTokens() {
        return classifier.maxTokens();
    }

    @Override
    protected final ProbeRecipe<E> recipe() {
        return recipe;
    }

    private int held() {
        return examples().validation().size() + examples().test().size();
    }

    @Override
    protected final boolean learnsAll() {
        return settings.learnsAll(held(), train().size());
    }

    @Override
    protected Map<String, Object> settings() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("problem", classifier.outputs().problem().text());
        settings.input().addTo(values);
        values.put("head", head().text());
        values.put("maxTokens", maxTokens());
        values.put("start", settings.start().name().toLowerCase(Locale.ROOT));
        values.put("learnsAll", learnsAll());
        values.put("labels", classifier.labels().toString());
        return values;
    }

    final ClassifyResult.Learned learned() {
        int all = train().size() + held();
        return recipe.learned(linear(), train().size(), learnsAll() ? all : train().size());
    }

    /** Returns a linear model on the mean of the hidden states of the frozen model, which may be known from the start. */
    final Network frozen() {
        return recipe.probe()
                .filter(probe -> head() == Head.MEAN)
                .orElseGet(() ->
                        HeadProbe.fit(probed, classifier.features(), examples().train()))
                .network();
    }

    /** Returns what is said of an adapter whose classifier has these outputs, in Markdown. */
    final TaskPage page(String template, String headline, String lead, String about) {
        String other = head() == Head.MEAN
                ? " The classifier reads the mean over the tokens; the classes of `transformers` read the first token, so"
                        + " there this adapter needs such a head."
                : "";
        return new TaskPage(
                template,
                "text-classification",
                headline,
                lead,
                about + other,
                "predict --data texts.jsonl " + settings.input().options() + " --output predicted.jsonl");
    }

    /** Returns the examples that judge. */
    final List<E> judging() {
        return examples().judging();
    }
}
