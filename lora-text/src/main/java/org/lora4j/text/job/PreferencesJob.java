package org.lora4j.text.job;

import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Task;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import org.lora4j.text.train.TrainablePreferences;
import org.lora4j.train.PreferenceLoss;

/** Learns to prefer one of two answers. */
final class PreferencesJob extends JobTask<PreferenceExample> {
    /** The β of the paper, and of TRL. */
    static final double BETA = 0.1;

    private static final double CHANCE = 0.5;

    private final DecoderTokens tokens;
    private final int mostTokens;
    private final TrainablePreferences task;

    PreferencesJob(DecoderFolder decoder, int mostTokens, @Nullable Double beta) {
        this.mostTokens = mostTokens;
        tokens = decoder.tokens();
        task = new TrainablePreferences(
                decoder.network(), PreferenceLoss.of(beta == null ? BETA : beta), decoder.network());
    }

    @Override
    List<PreferenceExample> examples(TextRow row) {
        return List.of(tokens.preference(row));
    }

    @Override
    void check(TextRow row, PreferenceExample example) {
        int found = Math.max(example.chosen().length(), example.rejected().length());
        if (found > mostTokens) {
            throw row.refuse("a prompt with an answer must have at most " + mostTokens + " tokens, found " + found);
        }
    }

    @Override
    TrainablePreferences trainable(long seed) {
        return task;
    }

    @Override
    DefaultRate rate() {
        return DefaultRate.PREFERENCES;
    }

    @Override
    DefaultEpochs epochs() {
        return DefaultEpochs.LANGUAGE;
    }

    @Override
    int batchSize() {
        return 4;
    }

    @Override
    Scores scores(Model model, Task served, List<PreferenceExample> judging) {
        return new Scores.Shares(
                "share of preferred answers",
                task.measure(model, judging).stream()
                        .map(PreferenceLoss.Metrics::accuracy)
                        .toList());
    }

    /** The model alone has no preference: the loss compares with it. */
    @Override
    String baseline() {
        return "chance";
    }

    @Override
    Scores baseline(List<PreferenceExample> judging) {
        return new Scores.Shares("share of preferred answers", Collections.nCopies(judging.size(), CHANCE));
    }
}
