package org.lora4j.text.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChoiceScoresTest {
    /** The table of Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8&lt;857::AID-SIM777&gt;3.0.CO;2-E), method 3. */
    @ParameterizedTest
    @CsvSource({"81, 263, 0.2553, 0.3662", "15, 148, 0.0624, 0.1605", "0, 20, 0, 0.1611", "1, 29, 0.0061, 0.1718"})
    void theIntervalOfAShareIsThatOfThePaper(int count, int n, double low, double high) {
        Share share = Share.of(count, n);
        assertThat(share.share()).isEqualTo((double) count / n);
        assertThat(share.low()).isCloseTo(low, within(5e-5));
        assertThat(share.high()).isCloseTo(high, within(5e-5));
        Share others = Share.of(n - count, n);
        assertThat(others.low()).isCloseTo(1 - high, within(5e-5));
        assertThat(others.high()).isCloseTo(1 - low, within(5e-5)).isLessThanOrEqualTo(1);
    }

    @Test
    void theMostProbableChoiceIsTheAnswer() {
        ChoiceScores longer = new ChoiceScores(List.of(-4.0, -6.0), List.of(2, 6), 1);
        assertThat(longer.isRight()).isFalse();
        assertThat(longer.isRightByLength()).isTrue();
        ChoiceScores equal = new ChoiceScores(List.of(-5.0, -2.0, -2.0), List.of(1, 1, 1), 1);
        assertThat(equal.isRight()).isTrue();
        assertThat(new ChoiceScores(equal.logProbabilities(), equal.bytes(), 2).isRight())
                .isFalse();
    }

    @Test
    void whatIsNoQuestionIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new ChoiceScores(List.of(-1.0), List.of(1), 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new ChoiceScores(List.of(-1.0, -2.0), List.of(1), 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new ChoiceScores(List.of(-1.0, -2.0), List.of(1, 0), 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ChoiceScores(List.of(-1.0, -2.0), List.of(1, 1), 2))
                .withMessageContaining("found [-1.0, -2.0], [1, 1] and the answer 2");
        assertThatIllegalArgumentException().isThrownBy(() -> Share.of(0, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Share.of(3, 2))
                .withMessage("a share must be of at least one example, and from 0 to all, found 3 of 2");
    }
}
