package org.lora4j.train;

import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/** The validations of one training. */
final class Validator {
    private final Validation settings;
    private final DoubleSupplier measure;
    private @Nullable ValidationResult best;
    private long last;

    Validator(Validation settings, TrainingSettings training) {
        this.settings = settings;
        measure = settings.measure(training);
    }

    /** Continues with the best result of an interrupted training. */
    void resume(@Nullable ValidationResult bestBefore) {
        best = bestBefore;
    }

    boolean testsStart() {
        return settings.testsStart();
    }

    ValidationResult validate(int epoch, long iteration) {
        double value = measure.getAsDouble();
        boolean isBest = best == null ? !Double.isNaN(value) : settings.isBetter(value, best.value());
        ValidationResult result = new ValidationResult(epoch, iteration, value, isBest);
        if (isBest) {
            best = result;
        }
        last = iteration;
        return result;
    }

    @Nullable
    ValidationResult best() {
        return best;
    }

    /** Whether the parameters after a step were validated. */
    boolean isDone(long iteration) {
        return last == iteration;
    }

    /** Whether there was no improvement for too many epochs. */
    boolean isOutOfPatience(int epochs) {
        return best != null && epochs - best.epoch() >= settings.patience();
    }
}
