package org.lora4j.model.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.AdapterRun;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.FeatureRows;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.internal.Inputs;
import org.lora4j.nn.internal.Predictor;
import org.lora4j.nn.internal.Segment;
import org.lora4j.nn.internal.Segments;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Predicts batches in which each example has its own adapter. Any number of threads can call it at the same time.
 *
 * <p>Each layer computes one product with the base weight for all rows, and each adapter adds its updates to its own rows,
 * or computes them with its own copy of the layer.
 */
public final class MixedBatch {
    private final Network network;
    private final Predictor predictor;

    public MixedBatch(Network network, Predictor predictor) {
        this.network = network;
        this.predictor = predictor;
    }

    /**
     * Computes the output.
     *
     * @param x rows, or sequences
     * @param names the adapter of each example
     * @return a new array with a row for each example, or for each token if there is no pooling
     * @throws IllegalArgumentException if the input does not fit, there is not one name for each example, or an adapter does
     *     not exist
     */
    public INDArray predict(ModelState state, Input x, List<String> names) {
        Inputs.requirePredictable(x, network.stack());
        requireNames(names, x);
        Map<String, Segment> segments = new LinkedHashMap<>();
        for (String name : names) {
            segments.computeIfAbsent(name, key -> segment(state, key));
        }
        return predictor.predictSegments(x, (block, from, to) -> divide(block, names.subList(from, to), segments));
    }

    private Segment segment(ModelState state, String name) {
        return Segment.predicting(
                network.stack(), state.factored(name.equals(AdapterNames.BASE) ? List.of() : List.of(name)));
    }

    private static Segments divide(Input block, List<String> names, Map<String, Segment> segments) {
        List<Segment> inOrder = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        for (AdapterRun run : AdapterRun.of(names)) {
            inOrder.add(segments.get(run.name()));
            counts.add(run.length());
        }
        return Segments.divide(block, inOrder, counts);
    }

    private static void requireNames(List<String> names, Input x) {
        boolean isRows = x instanceof FeatureRows;
        String example = isRows ? "row" : "sequence";
        if (x.count() != names.size()) {
            throw new IllegalArgumentException("there must be one adapter for each " + example + " of the input, found "
                    + names.size() + " for "
                    + (isRows ? Arrays.toString(Inputs.rows(x).shape()) : x.toString()));
        }
        // Not with contains: immutable lists refuse to look for null.
        for (int i = 0; i < names.size(); i++) {
            if (names.get(i) == null) {
                throw new IllegalArgumentException("each " + example + " must have the name of an adapter, or '"
                        + AdapterNames.BASE + "' for the base alone, found null for " + example + " " + i);
            }
        }
    }
}
