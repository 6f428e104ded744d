package org.lora4j.text.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CalibratedLossTest {
    /** Three of four are right, so the best probability is 3/4, and the loss its entropy. */
    @ParameterizedTest
    @ValueSource(doubles = {1.2, 5, 40})
    void isTheSameHoweverSureTheOutputsAre(double factor) {
        CalibratedLoss loss = new CalibratedLoss(1, 1);
        for (int i = 0; i < 4; i++) {
            loss.add(new double[] {factor, 0}, i == 0 ? 1 : 0);
        }
        assertThat(loss.value()).isCloseTo(-0.75 * Math.log(0.75) - 0.25 * Math.log(0.25), within(1e-4));
    }

    @Test
    void outputsAreNotMadeSurer() {
        CalibratedLoss loss = new CalibratedLoss(1, 1);
        loss.add(new double[] {0.5, 0}, 0);
        assertThat(loss.value()).isCloseTo(Math.log(1 + Math.exp(-0.5)), within(1e-9));
    }

    @Test
    void outputsThatSayNothingHaveTheLossOfChance() {
        CalibratedLoss loss = new CalibratedLoss(1, 1);
        loss.add(new double[] {5, -5}, 1);
        loss.add(new double[] {5, -5}, 0);
        assertThat(loss.value()).isCloseTo(Math.log(2), within(1e-2));
    }

    @Test
    void aClassCountsByItsWeight() {
        CalibratedLoss loss = new CalibratedLoss(3, 1);
        loss.add(new double[] {2, 0}, 0);
        loss.add(new double[] {2, 0}, 1);
        assertThat(loss.value()).isCloseTo((-3 * Math.log(0.75) - Math.log(0.25)) / 2, within(1e-4));
    }

    @Test
    void isNoNumberIfAnOutputIsNone() {
        CalibratedLoss loss = new CalibratedLoss(1, 1);
        loss.add(new double[] {Double.NaN, 0}, 0);
        assertThat(loss.value()).isNaN();
    }
}
