package org.lora4j.train;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The state of a training between two steps. A training that is resumed from it gives the same bits as a training that was
 * not interrupted.
 *
 * <p>A state holds copies of the trainable parameters, the states of their updaters, and the numbers of iterations and
 * epochs. It does not hold frozen parameters, settings or data; a resumed training gets these in the same way as the first
 * one. {@link Trainer.Builder#checkpointEvery} creates states, and {@link Trainer.Builder#resume} continues from one.
 *
 * <p>{@link #tensors} and {@link #metadata} return the state as named arrays and texts. A file format for these, such as
 * safetensors, can store it:
 *
 * <pre>{@code
 * Trainer.builder(model)
 *         .checkpointEvery(1000, state -> SafeTensors.of(state.tensors(), state.metadata()).write(file))
 *         .build().fit(data);
 *
 * SafeTensors stored = SafeTensors.read(file);
 * Trainer.builder(model)
 *         .resume(TrainingState.of(stored.tensors(), stored.metadata()))
 *         .build().fit(data);
 * }</pre>
 *
 * <p>In a new process, first build the same model: the same base, and adapters with the same configuration and seed. Then
 * the initialization that is subtracted from the base (PiSSA, OLoRA) is the same too. The trained factors come from the
 * state.
 */
public final class TrainingState {
    private final long iteration;
    private final int epochs;
    private final long batches;
    private final long examples;
    private final int accumulate;
    private final double[] recentLosses;
    private final @Nullable ValidationResult best;
    private final List<ParameterState> parameters;

    TrainingState(
            long iteration,
            int epochs,
            long batches,
            long examples,
            int accumulate,
            double[] recentLosses,
            @Nullable ValidationResult best,
            List<ParameterState> parameters) {
        this.iteration = iteration;
        this.epochs = epochs;
        this.batches = batches;
        this.examples = examples;
        this.accumulate = accumulate;
        this.recentLosses = recentLosses;
        this.best = best;
        this.parameters = List.copyOf(parameters);
    }

    /**
     * Creates a state from the results of {@link #tensors} and {@link #metadata}.
     *
     * @param tensors the arrays by key; not copied
     * @param metadata the texts by key; unknown keys are ignored
     * @return the state
     * @throws IllegalArgumentException if they are not a training state or have another version, or if an array or text is
     *     missing, unexpected or has a wrong form; the message lists all problems
     */
    public static TrainingState of(Map<String, INDArray> tensors, Map<String, String> metadata) {
        Objects.requireNonNull(tensors, "tensors must not be null");
        Objects.requireNonNull(metadata, "metadata must not be null");
        return new TrainingStateReader(tensors, metadata).read();
    }

    /**
     * Returns the number of steps.
     *
     * @return the number of steps, at least 1
     */
    public long iteration() {
        return iteration;
    }

    /**
     * Returns the number of completed epochs.
     *
     * @return the number of epochs; 0 before the end of the first epoch
     */
    public int epochs() {
        return epochs;
    }

    /**
     * Returns the number of batches of the current epoch that have been used.
     *
     * @return the number of batches; 0 between two epochs
     */
    public long batches() {
        return batches;
    }

    /**
     * Returns the number of examples that have been used.
     *
     * @return the number of examples in all epochs together
     */
    public long examples() {
        return examples;
    }

    /** Returns the number of batches of a step. */
    int accumulate() {
        return accumulate;
    }

    /** Returns the best validation, or null if there was none. */
    @Nullable
    ValidationResult best() {
        return best;
    }

    /** Returns the losses of the running mean, the oldest first. */
    double[] recentLosses() {
        return recentLosses;
    }

    List<ParameterState> parameters() {
        return parameters;
    }

    /**
     * Returns the arrays. The i-th trainable parameter has the key {@code i/name/value}, in its shape. If its updater has a
     * state, it has the key {@code i/name/state}; it is a vector in ND4J's layout. After a {@link Validation}, the value of the
     * best one has the key {@code i/name/best}. The key {@code losses} has the losses of
     * the last 100 steps as DOUBLE. The number i distinguishes parameters of different adapters that have the same name.
     *
     * @return the arrays by key. Do not write to them: they are not copies
     */
    public Map<String, INDArray> tensors() {
        return TrainingStateKeys.tensors(this);
    }

    /**
     * Returns the texts: the version of the format, the numbers of iterations, epochs, batches, examples and batches of a
     * step, the best validation, and for each parameter the class of its updater and the memory order of its elements.
     *
     * @return the texts by key
     */
    public Map<String, String> metadata() {
        return TrainingStateKeys.metadata(this);
    }

    @Override
    public String toString() {
        return "TrainingState[iteration " + iteration + ", " + epochs + " epochs and " + batches + " batches, "
                + parameters.stream().map(ParameterState::name).toList() + "]";
    }

    /** Receives the states of a training. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Receives a state. The state holds copies, so the training does not change it.
         *
         * @param state the state
         * @throws IOException if the state cannot be stored; the training then ends with an exception
         */
        void accept(TrainingState state) throws IOException;
    }
}
