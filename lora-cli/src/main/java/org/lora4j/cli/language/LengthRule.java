package org.lora4j.cli.language;

import java.util.List;
import org.lora4j.cli.train.Examples;
import org.lora4j.text.data.PreferenceExample;

/**
 * A rule that prefers answers by their length alone: always the longer one, or always the shorter one, whichever is right more often
 * in the training. Many sets of preferences follow such a rule, and then a model may learn nothing else.
 */
record LengthRule(boolean prefersLonger) {
    private static final int MOST_PAIRS = 20_000;

    /** Chooses the rule from pairs of the training; of many, from 20,000 at equal distances in the file. */
    static LengthRule of(List<PreferenceExample> train) {
        long sum = 0;
        for (PreferenceExample pair : Examples.sample(train, MOST_PAIRS)) {
            sum += compare(pair);
        }
        return new LengthRule(sum >= 0);
    }

    private static int compare(PreferenceExample pair) {
        return Integer.compare(pair.chosen().learnedTokens(), pair.rejected().learnedTokens());
    }

    String words() {
        return prefersLonger ? "the longer answer" : "the shorter answer";
    }

    /** Returns 1 for each pair that the rule orders rightly, and a half if both answers are of the same length. */
    List<Double> right(List<PreferenceExample> pairs) {
        return pairs.stream()
                .map(LengthRule::compare)
                .map(order -> order == 0 ? 0.5 : order > 0 == prefersLonger ? 1.0 : 0.0)
                .toList();
    }
}
