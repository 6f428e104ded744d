package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
                new TrainingPlan(16, 1e-3, new DefaultEpochs(3, minSteps, 30)),
                "--accumulate",
                String.valueOf(accumulate));
        assertThat(plan.epochs(examples)).isEqualTo(epochs);
        assertThat(plan.steps(examples)).isEqualTo(steps);
        assertThat(plan.settings(examples)).containsEntry("epochs", epochs);
    }

    @Test
    void theOptionHoldsHoweverFewExamplesThereAre() {
        TrainingPlan plan =
                CommandLine.populateCommand(new TrainingPlan(16, 1e-3, DefaultEpochs.RERANK), "--epochs", "4");
        assertThat(plan.epochs(216)).isEqualTo(4);
    }
}
