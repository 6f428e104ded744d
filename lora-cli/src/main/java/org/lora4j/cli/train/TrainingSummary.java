package org.lora4j.cli.train;

import java.util.Collections;
import java.util.LinkedHashMap;
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
     * Copies list and map.
     *
     * @param steps as in the record
     * @param epochs as in the record
     * @param stopReason as in the record
     * @param seconds as in the record
     * @param loss as in the record
     * @param bestEpoch as in the record
     * @param losses as in the record
     * @param validations as in the record
     */
    public TrainingSummary {
        losses = List.copyOf(losses);
        validations = Collections.unmodifiableMap(new LinkedHashMap<>(validations));
    }

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
}
