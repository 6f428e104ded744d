package org.lora4j.model.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class AdapterRunTest {
    @Test
    void dividesABatchIntoItsLongestRuns() {
        assertThat(AdapterRun.of(List.of("a", "a", "b", "a")))
                .containsExactly(new AdapterRun("a", 0, 2), new AdapterRun("b", 2, 3), new AdapterRun("a", 3, 4));
    }

    @Test
    void anEmptyBatchHasNone() {
        assertThat(AdapterRun.of(List.of())).isEmpty();
    }
}
