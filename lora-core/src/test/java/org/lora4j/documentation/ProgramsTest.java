package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The whole programs of the pages run, and print what the pages show. */
class ProgramsTest {
    private static double lastNumber(String line) {
        return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
    }

    @Test
    void trainAdapter() throws Exception {
        List<String> printed = PrintedOutput.isOnPage("guide-train.md", TrainAdapter::main);
        assertThat(lastNumber(printed.get(0))).isLessThan(0.2);
        assertThat(lastNumber(printed.get(1))).isGreaterThan(0.9);
    }

    @Test
    void exchangeAdapter() throws Exception {
        PrintedOutput.isOnPage("guide-exchange.md", ExchangeAdapter::main);
    }

    @Test
    void combineAdapters() throws Exception {
        List<String> printed = PrintedOutput.isOnPage("guide-combine.md", CombineAdapters::main);
        assertThat(printed.get(0)).isEqualTo("rank of the sum: 4");
    }

    @Test
    void adaptGraph() throws Exception {
        List<String> printed = PrintedOutput.isOnPage("guide-samediff.md", AdaptGraph::main);
        assertThat(printed.get(0)).endsWith("with the adapter 20");
    }
}
