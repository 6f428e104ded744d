package org.lora4j.cli.language;

import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.train.TrainablePreferences;
import org.lora4j.train.PreferenceLoss;

/** An adapter learns from pairs of answers to prefer the chosen one (DPO). */
public final class PreferenceTask
        extends CommandTask<PreferenceExample, List<PreferenceLoss.Metrics>, PreferenceResult> {
    /** A second copy of the adapter from which the training goes on, which stays as it is. */
    private static final String START = "start";

    /** More pairs of the training give hardly another mean. */
    private static final int MOST_MEASURED = 1000;

    private final Settings settings;
    private final DecoderFolder decoder;
    private final LoRAModel model;
    private final int batch;
    private final @Nullable OtherTexts others;

    /** To what the adapter is held. */
    public enum Reference {
        /** The model without an adapter. */
        BASE,
        /** The model with the adapter from which the training goes on, as it is in its folder. */
        START
    }

    /**
     * The settings of preferences.
     *
     * @param loss the loss
     * @param reference to what the adapter is held
     * @param maxTokens the most tokens of a prompt with an answer; 0 for as many as the model has positions for, and at most 1024
     * @param recomputes whether layers are computed again for their gradients
     * @param forgetting a file with other texts, by which the report says what the model forgets; null for none
     */
    public record Settings(
            PreferenceLoss loss,
            Reference reference,
            int maxTokens,
            boolean recomputes,
            @Nullable DataFile forgetting) {
        private AdapterView of(TrainingInput input, LoRAModel model) throws IOException {
            SavedAdapter begin = input.begin();
            if (reference == Reference.BASE) {
                return model.base();
            }
            if (begin == null) {
                throw new IllegalArgumentException(
                        "the reference START must be an adapter, found none; name its folder with --adapter");
            }
            return model.add(START, begin.adapter(model.network()));
        }
    }

    private PreferenceTask(
            TrainingInput input,
            Settings settings,
            DecoderFolder decoder,
            LoRAModel model,
            DataFile.Divided<PreferenceExample> pairs)
            throws IOException {
        super(
                decoder.name(),
                new TrainablePreferences(model.network(), settings.loss(), settings.of(input, model)),
                input.addAdapter(model, decoder.name()),
                pairs);
        this.settings = settings;
        this.decoder = decoder;
        this.model = model;
        batch = input.plan().batch();
        others = OtherTexts.open(
                decoder, settings.forgetting(), LanguageTask.maxTokens(settings.maxTokens(), decoder), input.opened());
    }

    /**
     * Opens the model and reads the pairs.
     *
     * @param input what is trained
     * @param settings the settings of preferences
     * @return the task
     * @throws IOException if a file cannot be read
     * @throws IllegalArgumentException if a line is wrong, or the settings do not fit the model
     */
    public static PreferenceTask open(TrainingInput input, Settings settings) throws IOException {
        AdaptedModel.requireNoClassifier(input.begin(), "a language model");
        DecoderFolder decoder = input.opened()
                .add(DecoderFolder.open(input.files().model(), input.files().storage()));
        int maxTokens = LanguageTask.maxTokens(settings.maxTokens(), decoder);
        DecoderTokens tokens = decoder.tokens();
        DataFile.Divided<PreferenceExample> pairs = input.opened()
                .add(input.data()
                        .comparedBy(row -> {
                            LanguageExamples.requireTexts(decoder, row, "prompt", "chosen", "rejected");
                            return tokens.preferenceContent(row);
                        })
                        .read(
                                row -> example(tokens, row, maxTokens),
                                input.plan().seed()));
        return new PreferenceTask(input, settings, decoder, LoRAModel.of(decoder.network()), pairs);
    }

    /** Reads a row. Nothing is cut. */
    private static PreferenceExample example(DecoderTokens tokens, TextRow row, int maxTokens) {
        PreferenceExample example = tokens.preference(row);
        requireFits(row, "chosen", example.chosen().length(), maxTokens);
        requireFits(row, "rejected", example.rejected().length(), maxTokens);
        return example;
    }

    private static void requireFits(TextRow row, String which, int found, int maxTokens) {
        if (found > maxTokens) {
            throw row.refuse("the prompt with the answer " + which + " must have at most " + maxTokens
                    + " tokens, found " + found + ": a cut could change which answer is better; set more --max-tokens"
                    + " if the model takes them, shorten the texts, or leave out such lines with --skip-bad-lines");
        }
    }

    @Override
    protected boolean recomputes() {
        return settings.recomputes();
    }

    @Override
    protected Map<String, Object> settings() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("kind", "dpo");
        values.put("beta", settings.loss().beta());
        values.put("labelSmoothing", settings.loss().labelSmoothing());
        values.put("normalizeLength", settings.loss().normalizesLength());
        values.put("reference", settings.reference().name().toLowerCase(Locale.ROOT));
        if (settings.reference() == Reference.START) {
            // A training must not go on with another reference.
            values.put("referenceAdapter", model.fingerprint(START));
        }
        values.put("maxTokens", LanguageTask.maxTokens(settings.maxTokens(), decoder));
        return values;
    }

    @Override
    protected String noun() {
        return "pair";
    }

    @Override
    protected PreferenceResult judge() {
        PreferenceLoss.Metrics trained = settings.loss().evaluate(adapter(), train().sampled(MOST_MEASURED, batch));
        Forgetting forgetting = others == null ? null : others.forgetting(model.base(), adapter());
        List<PreferenceExample> judging = examples().judging();
        if (judging.isEmpty()) {
            return new PreferenceResult(null, trained, null, forgetting);
        }
        List<PreferenceLoss.Metrics> each = measure(adapter());
        List<Double> right = each.stream().map(PreferenceLoss.Metrics::accuracy).toList();
        LengthRule rule = LengthRule.of(examples().train());
        Map<String, List<Double>> baselines = new LinkedHashMap<>();
        baselines.put("chance", Collections.nCopies(right.size(), 0.5));
        baselines.put(rule.words(), rule.right(judging));
        return new PreferenceResult(
                Judgement.ofShares(measuredOn(), "pair", Metric.ACCURACY, right, baselines),
                trained,
                new PreferenceLoss.Metrics(
                        each.size(),
                        mean(each, PreferenceLoss.Metrics::loss),
                        mean(each, PreferenceLoss.Metrics::accuracy),
                        mean(each, PreferenceLoss.Metrics::margin),
                        mean(each, PreferenceLoss.Metrics::chosenReward),
                        mean(each, PreferenceLoss.Metrics::rejectedReward)),
                forgetting);
    }

    private static double mean(List<PreferenceLoss.Metrics> each, ToDoubleFunction<PreferenceLoss.Metrics> number) {
        return each.stream().mapToDouble(number).average().orElseThrow();
    }

    @Override
    public TaskPage page() {
        return new TaskPage(
                "preference.ftlh",
                "text-generation",
                "An adapter for " + model(),
                "The adapter learned from pairs to prefer one of two answers (DPO).",
                "A LoRA adapter that learned from pairs to prefer one of two answers (DPO).",
                "generate --prompt '...'");
    }
}
