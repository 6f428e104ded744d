package org.lora4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.internal.IdlePool;
import org.lora4j.nn.FeatureRows;
import org.lora4j.nn.Input;
import org.lora4j.nn.Network;
import org.lora4j.nn.Sequences;
import org.lora4j.nn.internal.Inputs;
import org.lora4j.nn.internal.Predictor;
import org.lora4j.nn.internal.TokenBlocks;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Predicts batches in which each row has its own adapter. Any number of threads can call it at the same time.
 *
 * <p>Each layer computes one product with the base weight for all rows, and each adapter adds its factors to its own rows,
 * or computes them with its own copy of the layer. Adapters with biases or DoRA do more than that: their rows are computed
 * separately, one adapter after the other.
 */
final class MixedBatch {
    /** Larger batches are computed in parts, so that the buffers of a pass stay small. */
    private static final int MAX_ROWS = 512;

    /** The group of all adapters that fit a mixed pass. No adapter can have this name. */
    private static final String TOGETHER = "";

    private final Network network;
    private final Predictor predictor;
    private final IdlePool<MixedPass> passes;

    MixedBatch(Network network, Predictor predictor) {
        this.network = network;
        this.predictor = predictor;
        passes = new IdlePool<>(() -> new MixedPass(network));
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
    INDArray predict(ModelState state, Input x, List<String> names) {
        Inputs.requirePredictable(x, network);
        requireNames(names, x);
        Map<String, List<AdapterRun>> groups = new LinkedHashMap<>();
        for (AdapterRun run : AdapterRun.of(names)) {
            groups.computeIfAbsent(fits(state, run.name()) ? TOGETHER : run.name(), key -> new ArrayList<>())
                    .add(run);
        }
        if (groups.keySet().stream().allMatch(TOGETHER::equals)) {
            return predictTogether(state, x, names);
        }
        List<AdapterRun> computed = new ArrayList<>();
        List<INDArray> outputs = new ArrayList<>();
        groups.forEach((group, runs) -> {
            Input part = part(x, runs);
            computed.addAll(runs);
            outputs.add(
                    group.equals(TOGETHER)
                            ? predictTogether(state, part, namesOf(runs))
                            : predictor.predict(part, state.forPrediction(List.of(group))));
        });
        return inOrder(x, computed, Nd4j.vstack(outputs));
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
                        + LoRAModel.BASE + "' for the base alone, found null for " + example + " " + i);
            }
        }
    }

    /** The examples of some runs. */
    private static Input part(Input x, List<AdapterRun> runs) {
        if (x instanceof Sequences sequences) {
            return Sequences.concat(runs.stream()
                    .map(run -> sequences.part(run.from(), run.to()))
                    .toList());
        }
        int[] rows = runs.stream()
                .flatMapToInt(run -> IntStream.range(run.from(), run.to()))
                .toArray();
        return Input.of(Nd4j.pullRows(Inputs.rows(x), 1, rows, 'c'));
    }

    private static boolean fits(ModelState state, String name) {
        return name.equals(LoRAModel.BASE) || state.adapter(name).fitsMixedPass();
    }

    private static List<String> namesOf(List<AdapterRun> runs) {
        return runs.stream()
                .flatMap(run -> Collections.nCopies(run.length(), run.name()).stream())
                .toList();
    }

    /** Moves the output of each run to its place in the batch. */
    private static INDArray inOrder(Input x, List<AdapterRun> runs, INDArray output) {
        Sequences perToken = x instanceof Sequences sequences && output.size(0) != x.count() ? sequences : null;
        INDArray result = Nd4j.createUninitializedDetached(output.dataType(), 'c', output.shape());
        int row = 0;
        for (AdapterRun run : runs) {
            int from = perToken == null ? run.from() : perToken.start(run.from());
            int to = perToken == null ? run.to() : perToken.start(run.to());
            rows(result, from, to).assign(rows(output, row, row + to - from));
            row += to - from;
        }
        return result;
    }

    /** Computes the base, and adapters that fit a mixed pass. */
    private INDArray predictTogether(ModelState state, Input x, List<String> names) {
        return passes.use(pass -> {
            INDArray result = x instanceof Sequences sequences
                    ? TokenBlocks.compute(sequences, (block, from, to) -> {
                        pass.assign(state, names.subList(from, to));
                        return pass.forward(block);
                    })
                    : predictRows(pass, state, Inputs.rows(x), names);
            pass.assign(state, List.of());
            return result;
        });
    }

    private INDArray predictRows(MixedPass pass, ModelState state, INDArray x, List<String> names) {
        INDArray result = Nd4j.createUninitializedDetached(x.dataType(), 'c', x.size(0), network.outputSize());
        for (int begin = 0; begin < names.size(); begin += MAX_ROWS) {
            int end = Math.min(names.size(), begin + MAX_ROWS);
            pass.assign(state, names.subList(begin, end));
            rows(result, begin, end).assign(pass.forward(Input.of(rows(x, begin, end))));
        }
        return result;
    }

    private static INDArray rows(INDArray matrix, int from, int to) {
        return from == 0 && to == matrix.size(0)
                ? matrix
                : matrix.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
    }
}
