package org.lora4j.cli.language;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.cli.measure.Comparison;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.measure.PairedDifference;
import org.lora4j.cli.model.AdaptedModels;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.chat.Preference;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;
import org.lora4j.train.Batch;
import org.lora4j.train.PreferenceLoss;

/** An adapter learns from pairs of answers to prefer the chosen one (DPO). */
public final class PreferenceTask implements TextTask<PreferenceResult> {
    private static final String ADAPTER = "adapter";

    /** A second copy of the adapter from which the training goes on, which stays as it is. */
    private static final String START = "start";

    /** More pairs of the training give hardly another mean. */
    private static final int MOST_MEASURED = 1000;

    private final Settings settings;
    private final DecoderFolder decoder;
    private final int batch;
    private final int maxTokens;
    private final DataFile.Parts<PreferenceExample> pairs;
    private final LoRAModel model;
    private final AdapterView adapter;
    private final PreferenceExamples train;
    private final PreferenceExamples validation;
    private final PreferenceExamples judging;

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
     */
    public record Settings(PreferenceLoss loss, Reference reference, int maxTokens, boolean recomputes) {}

    private PreferenceTask(TrainingInput input, Settings settings, DecoderFolder decoder) throws IOException {
        this.settings = settings;
        this.decoder = decoder;
        batch = input.plan().batch();
        maxTokens = LanguageTask.maxTokens(settings.maxTokens(), decoder);
        DecoderTokens tokens = decoder.tokens();
        pairs = input.data()
                .comparedBy(this::content)
                .read(row -> example(tokens, row), input.plan().seed());
        try {
            model = LoRAModel.of(decoder.network());
            adapter = input.addAdapter(model, ADAPTER, decoder.name());
            PreferenceLoss.AnswerLogProbabilities reference =
                    new PreferenceLoss.AnswerLogProbabilities(reference(input.begin()));
            train = new PreferenceExamples(pairs.train(), reference);
            validation = new PreferenceExamples(pairs.validation(), reference);
            judging = pairs.test().isEmpty() ? validation : new PreferenceExamples(pairs.test(), reference);
        } catch (IOException | RuntimeException e) {
            pairs.close();
            throw e;
        }
    }

    private AdapterView reference(@Nullable SavedAdapter begin) throws IOException {
        if (settings.reference() == Reference.BASE) {
            return model.base();
        }
        if (begin == null) {
            throw new IllegalArgumentException(
                    "the reference START must be an adapter, found none; name its folder with --adapter");
        }
        return model.add(START, begin.adapter(model.network()));
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
        AdaptedModels.requireNoClassifier(input.begin(), "a language model");
        DecoderFolder decoder = DecoderFolder.open(input.model(), input.storage());
        try {
            return new PreferenceTask(input, settings, decoder);
        } catch (IOException | RuntimeException e) {
            decoder.close();
            throw e;
        }
    }

    /** Returns what two rows are compared by: the prompt with both answers. */
    private String content(TextRow row) {
        if (decoder.template().isPresent()) {
            return Preference.of(row).toString();
        }
        requireTexts(row);
        return String.join("\n", row.text("prompt"), row.text("chosen"), row.text("rejected"));
    }

    private void requireTexts(TextRow row) {
        AnswerText.requireTexts(decoder, row, "prompt", "chosen", "rejected");
    }

    /** Reads a row, as a conversation if the model has a chat template, or else as texts. Nothing is cut. */
    private PreferenceExample example(DecoderTokens tokens, TextRow row) {
        PreferenceExample example;
        try {
            if (decoder.template().isEmpty()) {
                requireTexts(row);
                example = tokens.preference(row.text("prompt"), row.text("chosen"), row.text("rejected"));
            } else {
                example = tokens.preference(Preference.of(row));
            }
        } catch (TextFormatException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw row.refuse(String.valueOf(e.getMessage()));
        }
        requireFits(row, "chosen", example.chosen().length());
        requireFits(row, "rejected", example.rejected().length());
        return example;
    }

    private void requireFits(TextRow row, String which, int found) {
        if (found > maxTokens) {
            throw row.refuse("the prompt with the answer " + which + " must have at most " + maxTokens
                    + " tokens, found " + found + ": a cut could change which answer is better; set more --max-tokens"
                    + " if the model takes them, shorten the texts, or leave out such lines with --skip-bad-lines");
        }
    }

    @Override
    public Parts parts() {
        return new Parts(
                decoder.name(),
                decoder.network(),
                adapter,
                settings.loss(),
                settings.recomputes(),
                train,
                validation,
                pairs.test().size(),
                pairs.copies(),
                0,
                0,
                pairs.skipped(),
                values());
    }

    private Map<String, Object> values() {
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
        values.put("maxTokens", maxTokens);
        return values;
    }

    @Override
    public String summary() {
        return summary("pair");
    }

    @Override
    public boolean writeTask(Path folder) throws IOException {
        Task.delete(folder);
        return false;
    }

    @Override
    public PreferenceResult measure() {
        PreferenceLoss loss = settings.loss();
        PreferenceLoss.Metrics trained = loss.evaluate(adapter, train.sampled(MOST_MEASURED, batch));
        if (judging.size() == 0) {
            return new PreferenceResult(null, trained, null);
        }
        List<PreferenceLoss.Metrics> each = new ArrayList<>();
        for (Batch pair : judging.batches(1)) {
            each.add(loss.evaluate(adapter, List.of(pair)));
        }
        PreferenceLoss.Metrics all = new PreferenceLoss.Metrics(
                each.size(),
                mean(each, PreferenceLoss.Metrics::loss),
                mean(each, PreferenceLoss.Metrics::accuracy),
                mean(each, PreferenceLoss.Metrics::margin),
                mean(each, PreferenceLoss.Metrics::chosenReward),
                mean(each, PreferenceLoss.Metrics::rejectedReward));
        List<Double> right = each.stream().map(PreferenceLoss.Metrics::accuracy).toList();
        List<Double> half = Collections.nCopies(right.size(), 0.5);
        LengthRule rule = LengthRule.of(pairs.train());
        Judgement judgement = new Judgement(
                Judgement.MeasuredOn.of(pairs.test()),
                "pair",
                each.size(),
                Metric.ACCURACY,
                all.accuracy(),
                List.of(
                        comparison("chance", half, right),
                        comparison(rule.words(), rule.right(pairs.judging()), right)));
        return new PreferenceResult(judgement, trained, all);
    }

    private static double mean(List<PreferenceLoss.Metrics> each, ToDoubleFunction<PreferenceLoss.Metrics> number) {
        return each.stream().mapToDouble(number).average().orElseThrow();
    }

    private static Comparison comparison(String baseline, List<Double> other, List<Double> right) {
        return new Comparison(
                baseline,
                other.stream().mapToDouble(Double::doubleValue).average().orElseThrow(),
                PairedDifference.ofShares(right, other));
    }

    /** Frees the tokenizer, and closes the files. */
    @Override
    public void close() {
        pairs.close();
        decoder.close();
    }
}
