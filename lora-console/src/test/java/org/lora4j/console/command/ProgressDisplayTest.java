package org.lora4j.console.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.lora4j.train.TrainingListener.Iteration;

class ProgressDisplayTest {
    private final ByteArrayOutputStream bars = new ByteArrayOutputStream();
    private final StringWriter lines = new StringWriter();
    private final ProgressDisplay display =
            new ProgressDisplay(new PrintStream(bars, true, StandardCharsets.UTF_8), new PrintWriter(lines), "texts");

    private String bars() {
        return bars.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aBarShowsTheLossAndIsDrawnAtTheEnd() {
        String result = display.show("training", 200, listener -> {
            listener.onIteration(new Iteration(50, 1, 10, 0.5, 0.125, 900));
            listener.onIteration(new Iteration(200, 1, 10, 0.5, 0.0625, 900));
            return "trained";
        });
        assertThat(result).isEqualTo("trained");
        assertThat(bars()).contains("training", "100%", "loss 0.0625");
        assertThat(lines.toString()).isEmpty();
    }

    @Test
    void aBarBeginsWhereATrainingWas() {
        String result = display.show("training", 100, 200, listener -> "nothing");
        assertThat(result).isEqualTo("nothing");
        assertThat(bars()).contains("50%");
    }

    @Test
    void aBarEndsWithATrainingThatFails() {
        assertThatIllegalStateException()
                .isThrownBy(() -> display.show("training", 200, listener -> {
                    listener.onIteration(new Iteration(50, 1, 10, 0.5, 0.125, 900));
                    throw new IllegalStateException("stopped");
                }))
                .withMessage("stopped");
        assertThat(bars()).contains("25%");
        int drawn = bars.size();
        display.end();
        assertThat(bars.size()).isEqualTo(drawn);
    }
}
