package org.lora4j.cli.train;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.ValidationResult;

/**
 * What the steps of a training did, for reports.
 *
 * @param steps the number of steps; 0 if the task needed none
 * @param epochs the number of completed epochs
 * @param stopReason why it ended; {@code NO_STEPS} without steps
 * @param seconds how long it took; after {@code --resume}, only the rest
 * @param loss the mean loss of the last steps: a tenth of all steps, at most 100; or 10 of fewer than 100, or a third of fewer than 30;
 *     null without steps
 * @param lossSteps how many steps that are
 * @param bestEpoch the epoch of the best validation, whose parameters were kept; 0 for those before the first step; null without a
 *     validation
 * @param losses the loss of each step
 * @param validations the loss of each validation by the number of steps before it, 0 for that before the first one
 */
public record TrainingSummary(
        long steps,
        int epochs,
        String stopReason,
        double seconds,
        @Nullable Double loss,
        int lossSteps,
        @Nullable Integer bestEpoch,
        List<Double> losses,
        Map<Long, Double> validations) {
    private static final int FEWEST = 10;
    private static final int MOST = 100;

    /** Summarizes a training. */
    static TrainingSummary of(TextTraining.Outcome outcome) {
        TrainingResult result = outcome.result();
        if (result == null) {
            return new TrainingSummary(0, 0, "NO_STEPS", 0, null, 0, null, List.of(), Map.of());
        }
        List<Double> losses = outcome.history().losses();
        List<Double> last = losses.subList(losses.size() - lastSteps(losses.size()), losses.size());
        return new TrainingSummary(
                result.iterations(),
                result.epochs(),
                result.stopReason().name(),
                result.duration().toNanos() / 1e9,
                last.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN),
                last.size(),
                result.best().map(ValidationResult::epoch).orElse(null),
                losses,
                outcome.history().validations());
    }

    /** Returns over how many steps at its end the loss of a training is taken. */
    static int lastSteps(int steps) {
        return Math.min(MOST, Math.max(Math.min(FEWEST, (steps + 2) / 3), steps / 10));
    }

    /**
     * Returns the history as CSV: the loss of each step, and that of the validation after it if there was one.
     *
     * @return lines with step, loss and validation
     */
    public String csv() {
        StringBuilder lines = new StringBuilder("step,loss,validation\n");
        for (int i = 0; i < losses.size(); i++) {
            Double validation = validations.get(i + 1L);
            lines.append(i + 1).append(',').append(losses.get(i)).append(',');
            lines.append(validation == null ? "" : validation).append('\n');
        }
        return lines.toString();
    }
}
