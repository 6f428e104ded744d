package org.lora4j.spark;

import java.io.Serializable;
import org.lora4j.spark.internal.train.TrainedAdapter;
import org.lora4j.spark.param.HasTraining;

/**
 * How the loss changed in a training, and which adapter it made, as the summaries of Spark ML say it. It is not saved with a model.
 *
 * @serial exclude
 */
public final class LoRATrainingSummary implements Serializable {
    private static final long serialVersionUID = 1L;

    private final double[] objective;
    private final double[] validation;

    private final String fingerprint;

    private LoRATrainingSummary(double[] objective, double[] validation, String fingerprint) {
        this.fingerprint = fingerprint;
        this.objective = objective;
        this.validation = validation;
    }

    /** Whether there is a summary of a training. A loaded adapter has none. */
    static boolean isIn(TrainedAdapter trained) {
        return trained.objective() != null;
    }

    /**
     * Returns the summary of a training.
     *
     * @throws IllegalStateException if the adapter was loaded
     */
    static LoRATrainingSummary of(TrainedAdapter trained) {
        double[] objective = trained.objective();
        double[] validation = trained.validation();
        if (objective == null || validation == null) {
            throw new IllegalStateException("a model has a summary after fit, found a loaded one, which has none;"
                    + " use the model that fit returned");
        }
        return new LoRATrainingSummary(
                objective, validation, trained.adapter().adapter().fingerprint());
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
     * Returns the {@link org.lora4j.adapter.LoRAAdapter#fingerprint} of the adapter that the training made. The saved model has it too,
     * and so does a service that loads the adapter.
     *
     * @return 64 hexadecimal digits
     */
    public String adapterFingerprint() {
        return fingerprint;
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
