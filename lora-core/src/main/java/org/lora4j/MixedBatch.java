package org.lora4j;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.internal.IdlePool;
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
     * @throws IllegalArgumentException if the input does not fit, there is not one name for each row, or an adapter does not
     *     exist
     */
    INDArray predict(ModelState state, INDArray x, List<String> names) {
        requireInput(x, names);
        Map<String, List<Integer>> alone = new LinkedHashMap<>();
        for (int row = 0; row < names.size(); row++) {
            String name = names.get(row);
            if (!fits(state, name)) {
                alone.computeIfAbsent(name, key -> new ArrayList<>()).add(row);
            }
        }
        INDArray result = Nd4j.createUninitializedDetached(x.dataType(), 'c', x.size(0), network.outputSize());
        predictTogether(state, x, names, result);
        alone.forEach((name, rows) -> {
            int[] indices = rows.stream().mapToInt(Integer::intValue).toArray();
            INDArray y = predictor.predict(Nd4j.pullRows(x, 1, indices, 'c'), state.forPrediction(List.of(name)));
            for (int i = 0; i < indices.length; i++) {
                result.putRow(indices[i], y.getRow(i));
            }
        });
        return result;
    }

    /**
     * Computes the output of sequences that have an adapter each.
     *
     * @param x the sequences
     * @param names the adapter of each sequence
     * @return a new array with a row for each sequence, or for each token if there is no pooling
     */
    INDArray predict(ModelState state, Sequences x, List<String> names) {
        Inputs.require(x, network);
        requireNames(names, x.count(), "sequence", x);
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
            Sequences part = Sequences.concat(
                    runs.stream().map(run -> x.part(run.from(), run.to())).toList());
            computed.addAll(runs);
            outputs.add(
                    group.equals(TOGETHER)
                            ? predictTogether(state, part, namesOf(runs))
                            : predictor.predict(part, state.forPrediction(List.of(group))));
        });
        return inOrder(x, computed, Nd4j.vstack(outputs));
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
    private static INDArray inOrder(Sequences x, List<AdapterRun> runs, INDArray output) {
        boolean isPooled = output.size(0) == x.count();
        INDArray result = Nd4j.createUninitializedDetached(output.dataType(), 'c', output.shape());
        int row = 0;
        for (AdapterRun run : runs) {
            int from = isPooled ? run.from() : x.start(run.from());
            int to = isPooled ? run.to() : x.start(run.to());
            rows(result, from, to).assign(rows(output, row, row + to - from));
            row += to - from;
        }
        return result;
    }

    private INDArray predictTogether(ModelState state, Sequences x, List<String> names) {
        return passes.use(pass -> {
            INDArray result = TokenBlocks.compute(x, (block, from, to) -> {
                pass.assign(state, names.subList(from, to));
                return pass.forward(block);
            });
            pass.assign(state, List.of());
            return result;
        });
    }

    private void requireInput(INDArray x, List<String> names) {
        Inputs.require(x, network);
        Inputs.requireOutputFits(x, network);
        requireNames(names, x.size(0), "row", Arrays.toString(x.shape()));
    }

    private static void requireNames(List<String> names, long count, String example, Object input) {
        if (count != names.size()) {
            throw new IllegalArgumentException("there must be one adapter for each " + example + " of the input, found "
                    + names.size() + " for " + input);
        }
        // Not with contains: immutable lists refuse to look for null.
        for (int i = 0; i < count; i++) {
            if (names.get(i) == null) {
                throw new IllegalArgumentException("each " + example + " must have the name of an adapter, or '"
                        + LoRAModel.BASE + "' for the base alone, found null for " + example + " " + i);
            }
        }
    }

    /** Computes all rows with the base, and with those adapters that fit a mixed pass. */
    private void predictTogether(ModelState state, INDArray x, List<String> names, INDArray result) {
        passes.use(pass -> {
            for (int begin = 0; begin < names.size(); begin += MAX_ROWS) {
                int end = Math.min(names.size(), begin + MAX_ROWS);
                pass.assign(state, names.subList(begin, end));
                rows(result, begin, end).assign(pass.forward(rows(x, begin, end)));
            }
            pass.assign(state, List.of());
            return result;
        });
    }

    private static INDArray rows(INDArray matrix, int from, int to) {
        return from == 0 && to == matrix.size(0)
                ? matrix
                : matrix.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
    }
}
