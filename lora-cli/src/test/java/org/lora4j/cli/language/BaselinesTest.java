package org.lora4j.cli.language;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;

/** What needs no model. */
class BaselinesTest {
    private static TokenExample answer(int... ids) {
        boolean[] learned = new boolean[ids.length];
        for (int i = 2; i < ids.length; i++) {
            learned[i] = true;
        }
        return new TokenExample(ids, learned);
    }

    @Test
    void frequenciesOfTheTokensThatAreLearned() {
        TokenFrequencies counts = new TokenFrequencies(List.of(answer(0, 1, 2, 2, 3), answer(0, 1, 2)), 10);
        Perplexity found = counts.perplexity(answer(4, 5, 2, 9));
        // Token 2 was learned three times of four, token 9 never.
        assertThat(found.nats()).isCloseTo(-Math.log(4.0 / 14) - Math.log(1.0 / 14), within(1e-12));
        assertThat(found.tokens()).isEqualTo(2);
        TokenExample text = TokenExample.ofText(new int[] {1, 2, 3});
        assertThat(counts.perplexity(text).tokens()).isEqualTo(text.learnedTokens());
    }

    @Test
    void theLengthThatIsRightMoreOftenInTheTraining() {
        PreferenceExample longer = new PreferenceExample(answer(0, 1, 2, 3), answer(0, 1, 2));
        PreferenceExample shorter = new PreferenceExample(answer(0, 1, 2), answer(0, 1, 2, 3));
        PreferenceExample equal = new PreferenceExample(answer(0, 1, 2), answer(0, 1, 3));
        LengthRule rule = LengthRule.of(List.of(longer, shorter, shorter));
        assertThat(rule.words()).isEqualTo("the shorter answer");
        assertThat(rule.right(List.of(longer, shorter, equal))).containsExactly(0.0, 1.0, 0.5);
        assertThat(LengthRule.of(List.of(longer)).words()).isEqualTo("the longer answer");
    }
}
