package org.lora4j.train;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Where a training stands between two steps: what it takes to go on as if it had not been interrupted, to the bit.
 *
 * <p>It holds copies of the parameters that train, the state of their updaters, and how far the training is. It does
 * not hold what is frozen, settings, or data: those come from where they came from at the beginning. It is taken by
 * {@link Trainer.Builder#checkpointEvery} and given to {@link Trainer.Builder#resume}.
 *
 * <p>As {@link #tensors} and {@link #metadata} it is stored in any file that holds named arrays and texts, such as
 * safetensors:
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
 * <p>In a new process the model is first built as it was: the same base, and adapters of the same configuration and
 * seed. So what an adapter's beginning took from the base (PiSSA, OLoRA) is the same; the factors come from the state.
 */
public final class TrainingState {
    private final long iteration;
    private final int epochs;
    private final long batches;
    private final long examples;
    private final double[] recentLosses;
    private final List<ParameterState> parameters;

    TrainingState(
            long iteration,
            int epochs,
            long batches,
            long examples,
            double[] recentLosses,
            List<ParameterState> parameters) {
        this.iteration = iteration;
        this.epochs = epochs;
        this.batches = batches;
        this.examples = examples;
        this.recentLosses = recentLosses;
        this.parameters = List.copyOf(parameters);
    }

    /**
     * Makes a state of what {@link #tensors} and {@link #metadata} answered.
     *
     * @param tensors the arrays by key; held, not copied
     * @param metadata the texts by key; further ones are ignored
     * @return the state
     * @throws IllegalArgumentException if they are of another version or no training state, or something is missing,
     *     unexpected or misshapen; the message lists it all
     */
    public static TrainingState of(Map<String, INDArray> tensors, Map<String, String> metadata) {
        Objects.requireNonNull(tensors, "tensors must not be null");
        Objects.requireNonNull(metadata, "metadata must not be null");
        return new TrainingStateReader(tensors, metadata).read();
    }

    /**
     * The number of steps taken.
     *
     * @return at least 1
     */
    public long iteration() {
        return iteration;
    }

    /**
     * The number of epochs completed.
     *
     * @return 0 in the first epoch, until its last batch
     */
    public int epochs() {
        return epochs;
    }

    /**
     * The number of batches seen of the epoch under way.
     *
     * @return 0 between two epochs
     */
    public long batches() {
        return batches;
    }

    /**
     * The number of examples seen.
     *
     * @return those of all epochs together
     */
    public long examples() {
        return examples;
    }

    /** The losses that the running mean is of, the oldest first. */
    double[] recentLosses() {
        return recentLosses;
    }

    List<ParameterState> parameters() {
        return parameters;
    }

    /**
     * The arrays: for the i-th parameter that trains, {@code i/name/value} in its shape and, if its updater has a state,
     * {@code i/name/state}, flat, in ND4J's layout; and {@code losses}, those of the last 100 steps, as DOUBLE. The
     * number keeps adapters apart whose parameters have the same names.
     *
     * @return the arrays by key, which belong to this state and must not be written to
     */
    public Map<String, INDArray> tensors() {
        return TrainingStateKeys.tensors(this);
    }

    /**
     * The rest: the version of this form, how far the training is, and for each parameter the class of its updater and
     * the order of its elements in memory.
     *
     * @return texts by key
     */
    public Map<String, String> metadata() {
        return TrainingStateKeys.metadata(this);
    }

    @Override
    public String toString() {
        return "TrainingState[iteration " + iteration + ", " + epochs + " epochs and " + batches + " batches, "
                + parameters.stream().map(ParameterState::name).toList() + "]";
    }

    /** Where the states of a training go. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes a state, which is its own and does not change.
         *
         * @param state the state
         * @throws IOException if it cannot be stored
         */
        void accept(TrainingState state) throws IOException;
    }
}
