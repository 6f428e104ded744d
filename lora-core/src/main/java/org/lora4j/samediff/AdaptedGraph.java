package org.lora4j.samediff;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SameDiff;

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
     */
    void connect(List<GraphAdapter> adapters, boolean toTrain) {
        List<String> names = names(adapters);
        if (names.equals(active) && toTrain == trains) {
            return;
        }
        if (connection != null) {
            connection.undo(graph);
            connection = null;
        }
        if (!adapters.isEmpty()) {
            connection = Connection.connect(graph, layers, adapters, toTrain);
        }
        active = names;
        trains = toTrain;
        if (toTrain) {
            graph.convertToVariables(adapters.get(0).trainable().keySet().stream()
                    .map(graph::getVariable)
                    .toList());
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
            SameDiff copy = plainCopy();
            if (!adapters.isEmpty()) {
                Connection unused = Connection.connect(copy, layers, adapters, false);
            }
            return copy;
        });
    }

    /** A graph on the same arrays that computes with no adapters. */
    SameDiff plainCopy() {
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
