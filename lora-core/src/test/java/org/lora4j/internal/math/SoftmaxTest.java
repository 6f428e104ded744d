package org.lora4j.internal.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Probabilities of logits. */
class SoftmaxTest {
    @Test
    void dividesEachExponentialByTheirSum() {
        double[] z = {Math.log(1), Math.log(2), Math.log(5)};
        assertThat(Softmax.crossEntropy(z, 1)).isCloseTo(-Math.log(0.25), within(1e-15));
        assertThat(z).containsExactly(new double[] {0.125, 0.25, 0.625}, within(1e-15));
        double[] same = {Math.log(1), Math.log(2), Math.log(5)};
        Softmax.inPlace(same);
        assertThat(same).isEqualTo(z);
    }

    @Test
    void logitsOfAnySizeHaveProbabilities() {
        double[] z = {1e300, -1e300, 1e300};
        assertThat(Softmax.crossEntropy(z, 1)).isEqualTo(2e300);
        assertThat(z).containsExactly(0.5, 0, 0.5);
        double[] many = new double[1000];
        Arrays.setAll(many, i -> 700 + i % 7);
        Softmax.inPlace(many);
        assertThat(Arrays.stream(many).sum()).isCloseTo(1, within(1e-12));
    }
}
