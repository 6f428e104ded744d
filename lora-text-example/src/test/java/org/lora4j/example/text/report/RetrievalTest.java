package org.lora4j.example.text.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class RetrievalTest {
    @Test
    void countsRanks() {
        assertThat(Retrieval.of(List.of(1, 2, 10, 20)))
                .isEqualTo(new Retrieval(4, 0.25, 0.75, (1 + 0.5 + 0.1 + 0.05) / 4));
    }
}
