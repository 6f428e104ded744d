package org.lora4j.cli.train;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.ValidationResult;

/** The loss of each step and of each validation. */
final class TrainingHistory implements TrainingListener {
    private final List<Double> losses = new ArrayList<>();
    private final Map<Long, Double> validations = new LinkedHashMap<>();

    /** Creates the history of a training that has not begun. */
    TrainingHistory() {}

    /** Continues that of an interrupted training. */
    TrainingHistory(List<Double> losses, Map<Long, Double> validations) {
        this.losses.addAll(losses);
        this.validations.putAll(validations);
    }

    @Override
    public void onIteration(Iteration iteration) {
        losses.add(iteration.loss());
    }

    @Override
    public void onValidation(ValidationResult result) {
        validations.put(result.iteration(), result.value());
    }

    /** Returns how many validations followed the best one. */
    int validationsSinceBest() {
        double best = Double.NaN;
        int since = 0;
        for (double loss : validations.values()) {
            if (Double.isNaN(best) || loss < best) {
                best = loss;
                since = 0;
            } else {
                since++;
            }
        }
        return since;
    }

    /** Returns the loss of each step. */
    List<Double> losses() {
        return List.copyOf(losses);
    }

    /** Returns the loss of each validation by the number of steps before it. */
    Map<Long, Double> validations() {
        return new LinkedHashMap<>(validations);
    }
}
