package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
        TrainingPlan plan = new TrainingPlan(
                        3, minSteps, 16, accumulate, 1e-3, Schedule.LINEAR, 0.1, 0.01, 1, 3, 0, 100)
                .forExamples(examples);
        assertThat(plan.epochs()).isEqualTo(epochs);
        assertThat(plan.steps(examples)).isEqualTo(steps);
        assertThat(plan.settings()).containsEntry("epochs", epochs);
        assertThat(plan.forExamples(examples)).isEqualTo(plan);
    }
}
