package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.internal.DefaultSteps;

class DefaultStepsTest {
    @ParameterizedTest
    @CsvSource({
        "1, 16, 30",
        "100, 16, 30",
        "960, 16, 5",
        "1024, 16, 5",
        "1025, 32, 10",
        "65536, 1024, 5",
        "1000000, 1024, 1",
        "3000000000, 1024, 1"
    })
    void fewExamplesAreUsedOftenAndInSmallBatches(long examples, int batch, int epochs) {
        assertThat(DefaultSteps.batchSize(examples)).isEqualTo(batch);
        long steps = (examples + batch - 1) / batch;
        assertThat(DefaultSteps.epochs(1, steps, DefaultSteps.ENOUGH)).isEqualTo(epochs);
        assertThat(DefaultSteps.epochs(3, steps, DefaultSteps.ENOUGH)).isEqualTo(Math.max(3, epochs));
        assertThat(DefaultSteps.epochs(3, steps, 0)).isEqualTo(3);
    }
}
