package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class SameBitsTest {
    @Test
    void seesTheLastBitAndNotTheOrderInMemory() {
        INDArray a = Nd4j.createFromArray(new float[][] {{1, 2}, {3, 4}});
        assertThat(SameBits.of(a, a.dup('f'))).isTrue();
        INDArray b = a.dup();
        b.putScalar(1, 0, Math.nextUp(3f));
        assertThat(a).isEqualTo(b);
        assertThat(SameBits.of(a, b)).isFalse();
        assertThat(SameBits.of(a, a.reshape(4))).isFalse();
    }

    @Test
    void namesTheParametersThatChanged() {
        Network before = Network.builder(2).linear("one", 3).linear("two", 1).build(1);
        Network after = Network.builder(2).linear("one", 3).linear("two", 1).build(1);
        after.linear("two").weight().putScalar(0, 1, 0.5);
        assertThat(SameBits.ofParameters(before, after))
                .containsEntry("one.weight", true)
                .containsEntry("two.weight", false)
                .containsEntry("two.bias", true);
    }
}
