package org.lora4j.spark;

import java.io.Serializable;
import java.util.List;

/**
 * How the loss changed in a training, as the summaries of Spark ML say it. It is not saved with a model.
 *
 * @serial exclude
 */
public final class LoRATrainingSummary implements Serializable {
    private static final long serialVersionUID = 1L;

    private final double[] objective;
    private final double[] validation;

    LoRATrainingSummary(List<Double> objective, List<Double> validation) {
        this.objective = array(objective);
        this.validation = array(validation);
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /**
     * Returns the mean loss of each round, before its step. A training that continues from a checkpoint begins after it.
     *
     * @return the losses
     */
    public double[] objectiveHistory() {
        return objective.clone();
    }

    /**
     * Returns the mean loss of the rows for validation after each epoch.
     *
     * @return the losses; none without {@link HasTraining#validationIndicatorCol}
     */
    public double[] validationHistory() {
        return validation.clone();
    }

    /**
     * Returns the number of rounds. Each is a step, unless there are local steps.
     *
     * @return the number
     */
    public int totalIterations() {
        return objective.length;
    }
}
