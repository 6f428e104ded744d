package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import picocli.CommandLine;

/** Few examples are used more often, within bounds. */
class TrainingPlanTest {
    @ParameterizedTest
    @CsvSource(textBlock = """
            # examples, smallest number of steps, accumulated batches, epochs, steps
            216, 300, 1, 22, 308
            900, 300, 1, 6, 342
            1600, 300, 1, 3, 300
            2700, 300, 1, 3, 507
            16, 300, 1, 30, 30
            216, 300, 2, 30, 210
            216, 0, 1, 3, 42
            """)
    void fewExamplesAreUsedMoreOften(int examples, int minSteps, int accumulate, int epochs, int steps) {
        TrainingPlan plan = CommandLine.populateCommand(
                new TrainingPlan(16, DefaultRate.of(1e-3), new DefaultEpochs(3, minSteps, 30)),
                "--accumulate",
                String.valueOf(accumulate));
        assertThat(plan.epochs(examples)).isEqualTo(epochs);
        assertThat(plan.steps(examples)).isEqualTo(steps);
        assertThat(plan.settings(examples)).containsEntry("epochs", epochs);
    }

    @Test
    void theOptionHoldsHoweverFewExamplesThereAre() {
        TrainingPlan plan = CommandLine.populateCommand(
                new TrainingPlan(16, DefaultRate.of(1e-3), DefaultEpochs.RERANK), "--epochs", "4");
        assertThat(plan.epochs(216)).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            2000, 0.0005
            128, 0.0043
            896, 0.00094
            4096, 0.00029
            """)
    void theRateFallsWithTheWidthUnlessAnOptionSaysIt(int width, double rate) {
        TrainingPlan plan = new TrainingPlan(4, DefaultRate.LANGUAGE, DefaultEpochs.LANGUAGE).forWidth(width);
        assertThat(plan.rate()).isEqualTo(rate);
        assertThat(plan.settings(8)).containsEntry("rate", rate);
        TrainingPlan asked = CommandLine.populateCommand(
                new TrainingPlan(4, DefaultRate.LANGUAGE, DefaultEpochs.LANGUAGE), "--rate", "0.1");
        assertThat(asked.forWidth(width).rate()).isEqualTo(0.1);
        assertThat(new TrainingPlan(16, DefaultRate.of(1e-3), DefaultEpochs.RERANK)
                        .forWidth(width)
                        .rate())
                .isEqualTo(1e-3);
    }
}
