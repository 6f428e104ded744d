package org.lora4j.samediff;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A graph with the adapters that it computes with, and copies of it that compute with others. The copies share its arrays.
 * Not thread-safe.
 */
final class AdaptedGraph {
    private final SameDiff graph;
    private final List<GraphLayer> layers;
    private final Map<List<String>, SameDiff> copies = new HashMap<>();
    private List<String> active = List.of();
    private boolean trains;
    private @Nullable Connection connection;
    private @Nullable DivergenceCheck check;

    /** The number of operations and variables when the copies were made; the user can add some. */
    private int copiedSize;

    AdaptedGraph(SameDiff graph, List<GraphLayer> layers) {
        this.graph = graph;
        this.layers = layers;
    }

    /** The names of the adapters that the graph computes with. */
    List<String> active() {
        return active;
    }

    /** The name of the adapter that the graph trains. */
    Optional<String> trained() {
        return trains ? Optional.of(active.get(0)) : Optional.empty();
    }

    /**
     * Makes the graph compute with exactly these adapters.
     *
     * @param toTrain whether it trains the only one
     * @throws IllegalStateException if the graph has new operations on weights of the adapters; nothing changes then
     */
    void connect(List<GraphAdapter> adapters, boolean toTrain) {
        List<String> names = names(adapters);
        if (names.equals(active) && toTrain == trains) {
            return;
        }
        if (!adapters.isEmpty()) {
            requireKnownUses(connection == null ? graph : withoutAdapters(), adapters);
        }
        if (connection != null) {
            connection.undo(graph);
            connection = null;
        }
        if (check != null) {
            graph.getListeners().remove(check);
            check = null;
        }
        if (!adapters.isEmpty()) {
            connection = Connection.connect(graph, layers, adapters, toTrain);
        }
        active = names;
        trains = toTrain;
        if (toTrain) {
            Map<String, INDArray> arrays = adapters.get(0).trainable();
            graph.convertToVariables(
                    arrays.keySet().stream().map(graph::getVariable).toList());
            check = new DivergenceCheck(graph, arrays);
            graph.addListeners(check);
            if (graph.getTrainingConfig() != null) {
                graph.getTrainingConfig().setIterationCount(0);
            }
        }
        copies.clear();
    }

    /** A graph on the same arrays that computes with some adapters. It is kept until {@link #forgetCopies}. */
    SameDiff copy(List<GraphAdapter> adapters) {
        int size = graph.getOps().size() + graph.getVariables().size();
        if (size != copiedSize) {
            copies.clear();
            copiedSize = size;
        }
        return copies.computeIfAbsent(names(adapters), key -> {
            SameDiff copy = plainCopy(adapters);
            if (!adapters.isEmpty()) {
                Connection unused = Connection.connect(copy, layers, adapters, false);
            }
            return copy;
        });
    }

    /**
     * A graph on the same arrays that computes with no adapters.
     *
     * @param adapters those that it is made for
     * @throws IllegalStateException if it has new operations on weights of the adapters
     */
    SameDiff plainCopy(List<GraphAdapter> adapters) {
        SameDiff copy = withoutAdapters();
        requireKnownUses(copy, adapters);
        return copy;
    }

    /** An operation that was added since the layers were found would compute with the original weight. */
    private void requireKnownUses(SameDiff plain, List<GraphAdapter> adapters) {
        for (GraphLayer layer : layers) {
            List<String> unknown = layer.otherUses(plain);
            if (!unknown.isEmpty() && adapters.stream().anyMatch(adapter -> adapter.changesWeight(layer))) {
                throw new IllegalStateException(layer.path()
                        + ": only the operations that the graph had when it was frozen can use an adapted weight, found "
                        + MessageText.list(unknown)
                        + " too; save the adapters, restore() the graph, and freeze it again");
            }
        }
    }

    private SameDiff withoutAdapters() {
        SameDiff copy = Graphs.sharing(graph);
        if (connection != null) {
            connection.undo(copy);
        }
        return copy;
    }

    void forgetCopies() {
        copies.clear();
    }

    private static List<String> names(List<GraphAdapter> adapters) {
        return adapters.stream().map(GraphAdapter::name).toList();
    }
}
