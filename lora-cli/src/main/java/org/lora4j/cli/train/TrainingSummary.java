package org.lora4j.cli.train;

import java.util.List;
import java.util.Map;

/**
 * What a training did, for reports.
 *
 * @param steps the number of steps
 * @param epochs the number of completed epochs
 * @param stopReason why it ended
 * @param seconds how long it took; after {@code --resume}, only the rest
 * @param loss the mean loss of the last 100 steps
 * @param bestEpoch the epoch of the best validation, whose parameters were kept; 0 without a validation
 * @param losses the loss of each step
 * @param validations the loss of each validation by the number of steps before it
 */
public record TrainingSummary(
        long steps,
        int epochs,
        String stopReason,
        double seconds,
        double loss,
        int bestEpoch,
        List<Double> losses,
        Map<Long, Double> validations) {
    /**
     * Summarizes a training.
     *
     * @param outcome what it did
     * @return the summary
     */
    public static TrainingSummary of(TextTraining.Outcome outcome) {
        return new TrainingSummary(
                outcome.result().iterations(),
                outcome.result().epochs(),
                outcome.result().stopReason().name(),
                outcome.result().duration().toNanos() / 1e9,
                outcome.result().runningLoss(),
                outcome.result().best().map(best -> best.epoch()).orElse(0),
                outcome.history().losses(),
                outcome.history().validations());
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
