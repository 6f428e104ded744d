package org.lora4j.console.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.train.TrainingListener.Iteration;

class LineProgressTest {
    private long now;

    @Test
    void printsEachTenthWithLossSpeedAndRemainingTime() {
        // 10 ms a batch: a tenth takes 2 s.
        assertThat(lines(2000, 10_000_000L))
                .hasSize(10)
                .first()
                .isEqualTo("      200 of 2,000 batches   loss 0.1250   900 images/s   18 s left");
    }

    @Test
    void printsNothingForAShortTraining() {
        assertThat(lines(100, 1_000_000L)).isEmpty();
    }

    @Test
    void leavesOutTenthsWithinTwoSeconds() {
        // A tenth takes 1 s, so every second one is printed.
        assertThat(lines(1000, 10_000_000L)).hasSize(5);
    }

    @Test
    void theRemainingTimeFollowsFromWhatThisProcessSaw() {
        StringWriter text = new StringWriter();
        LineProgress progress = new LineProgress(new PrintWriter(text), 1799, 2000, "images", () -> now);
        now += 3_000_000_000L;
        progress.onIteration(new Iteration(1800, 1, 10, 0.5, 0.125, 900));
        assertThat(text.toString()).contains("1,800 of 2,000").contains("600 s left");
    }

    private List<String> lines(int batches, long nanosPerBatch) {
        StringWriter text = new StringWriter();
        LineProgress progress = new LineProgress(new PrintWriter(text), 0, batches, "images", () -> now);
        for (int i = 1; i <= batches; i++) {
            now += nanosPerBatch;
            progress.onIteration(new Iteration(i, 1, 10, 0.5, 0.125, 900));
        }
        return text.toString().lines().toList();
    }
}
