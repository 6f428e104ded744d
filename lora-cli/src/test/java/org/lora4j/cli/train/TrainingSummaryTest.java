package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TrainingSummaryTest {
    /** A short training falls from its first step to its last, so the mean of all is not the loss at its end. */
    @Test
    void theLossAtTheEndIsThatOfTheLastSteps() {
        assertThat(TrainingSummary.lastSteps(1)).isEqualTo(1);
        assertThat(TrainingSummary.lastSteps(9)).isEqualTo(3);
        assertThat(TrainingSummary.lastSteps(30)).isEqualTo(10);
        assertThat(TrainingSummary.lastSteps(90)).isEqualTo(10);
        assertThat(TrainingSummary.lastSteps(300)).isEqualTo(30);
        assertThat(TrainingSummary.lastSteps(5000)).isEqualTo(100);
    }
}
