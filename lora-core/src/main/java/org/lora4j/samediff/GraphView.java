package org.lora4j.samediff;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.internal.InferenceSession;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Computes with some adapters of a {@link SameDiffLoRA}, whatever the graph itself computes with.
 *
 * <p>A view finds its adapters by name at each call. If one was deleted, the call fails.
 *
 * <p>Immutable. Any number of threads can use a view at the same time.
 */
public final class GraphView {
    private final SameDiffLoRA lora;
    private final List<String> names;

    GraphView(SameDiffLoRA lora, List<String> names) {
        this.lora = lora;
        this.names = List.copyOf(names);
    }

    /**
     * Returns the adapters of this view.
     *
     * @return their names; empty for the view of the base
     */
    public List<String> names() {
        return names;
    }

    /**
     * Computes outputs with the adapters of this view, whose updates add up. The graph is not changed.
     *
     * @param placeholders the values of the placeholders by name
     * @param outputs the names of variables
     * @return their values by name, new arrays
     * @throws IllegalArgumentException if an adapter was deleted
     * @throws IllegalStateException if an operation was added to the graph that uses an adapted weight
     */
    public Map<String, INDArray> output(Map<String, INDArray> placeholders, String... outputs) {
        Objects.requireNonNull(placeholders, "placeholders must not be null");
        Objects.requireNonNull(outputs, "outputs must not be null");
        SupportedGraphs.requireNamesAndValues(placeholders, outputs);
        // A session of SameDiff belongs to one thread and keeps arrays, so it ends with the call.
        return new InferenceSession(lora.copy(names))
                .output(Arrays.asList(outputs), placeholders, null, null, null, At.defaultAt(Operation.INFERENCE));
    }

    @Override
    public String toString() {
        return "GraphView" + names;
    }
}
