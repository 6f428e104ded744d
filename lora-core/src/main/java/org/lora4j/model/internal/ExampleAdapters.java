package org.lora4j.model.internal;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.layer.Layer;

/** The adapters of a batch in which each example has its own, and the segments that compute with them. */
final class ExampleAdapters {
    private final LayerStack network;
    private final List<String> names;
    private final Map<String, Segment> segments = new LinkedHashMap<>();

    /**
     * Finds the layers of each adapter once.
     *
     * @param names the name of an adapter for each example, or that of the base; at least one
     * @param layers what the layers compute with under an adapter; throws if it does not exist
     */
    ExampleAdapters(LayerStack network, List<String> names, Function<String, EffectiveLayers> layers) {
        this.network = network;
        this.names = names;
        for (String name : names) {
            segments.computeIfAbsent(name, each -> {
                EffectiveLayers own = layers.apply(each);
                return Segment.predicting(own.stack(network), own);
            });
        }
    }

    /** What computes an example. */
    EffectiveLayers layers(int example) {
        return segment(names.get(example)).layers();
    }

    private long outputSize(String name) {
        return network.outputSize(segment(name).layers());
    }

    private Layer.RowKind outputRows(String name) {
        return network.outputRows(segment(name).layers());
    }

    /** Whether none has another end than the base, or a head with another number of outputs. */
    boolean haveOutputsOfBase() {
        return segments.values().stream().allMatch(segment -> network.hasOutputsOf(segment.layers()));
    }

    /** Throws an {@link IllegalArgumentException} if the outputs cannot be rows of one array. */
    void requireOneArray() {
        String first = names.get(0);
        for (String name : segments.keySet()) {
            if (outputSize(name) != outputSize(first)) {
                throw new IllegalArgumentException(
                        "adapters whose outputs are rows of one array must have heads of one size,"
                                + " found " + outputSize(first) + " outputs of " + MessageText.quote(first) + " and "
                                + outputSize(name) + " of " + MessageText.quote(name)
                                + "; call predictEach, which returns an array for each of them");
            }
            if (outputRows(name) != outputRows(first)) {
                throw new IllegalArgumentException(
                        "adapters whose outputs are rows of one array must all have a row for each token, or all one for each"
                                + " text, found both kinds in " + MessageText.quote(first) + " and "
                                + MessageText.quote(name)
                                + "; call predictEach, which returns an array for each of them");
            }
        }
    }

    /** Divides the examples {@code [from, to)} into segments: one for each run of examples with the same adapter. */
    Segments divide(Input block, int from, int to) {
        List<Segment> inOrder = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        for (AdapterRun run : AdapterRun.of(names.subList(from, to))) {
            inOrder.add(segment(run.name()));
            counts.add(run.length());
        }
        return Segments.divide(block, inOrder, counts);
    }

    private Segment segment(String name) {
        return Objects.requireNonNull(segments.get(name));
    }
}
