package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.train.DivergedException;
import org.nd4j.autodiff.listeners.At;
import org.nd4j.autodiff.listeners.BaseListener;
import org.nd4j.autodiff.listeners.Loss;
import org.nd4j.autodiff.listeners.Operation;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.learning.GradientUpdater;

/**
 * Ends a training of a graph when a loss or an array of the adapter is not finite. SameDiff updates an array as soon as it
 * has its gradient, and computes most losses never. So the arrays and the state of their updaters are copied before each
 * step, and restored if an array is not finite after it.
 */
final class DivergenceCheck extends BaseListener {
    private final SameDiff graph;
    private final Map<String, INDArray> trained;
    private final List<Kept> before = new ArrayList<>();
    private boolean begins;

    private record Kept(INDArray array, INDArray copy) {
        void restore() {
            array.assign(copy);
        }
    }

    /**
     * Creates a check.
     *
     * @param graph the graph that trains, which has the updaters
     * @param trained the arrays that train, by the names of their variables
     */
    DivergenceCheck(SameDiff graph, Map<String, INDArray> trained) {
        this.graph = graph;
        this.trained = trained;
    }

    @Override
    public boolean isActive(Operation operation) {
        return operation == Operation.TRAINING;
    }

    @Override
    public void iterationStart(SameDiff ignored, At at, MultiDataSet batch, long etlMillis) {
        begins = true;
    }

    /** The updaters exist from the first operation of the first iteration on, and change before the last one. */
    @Override
    public void preOpExecution(SameDiff gradients, At at, SameDiffOp op, OpContext context) {
        if (begins) {
            begins = false;
            before.clear();
            keepAll();
        }
    }

    private void keepAll() {
        trained.values().forEach(this::keep);
        for (String name : trained.keySet()) {
            GradientUpdater<?> updater =
                    Objects.requireNonNull(graph.getUpdaterMap().get(name), name);
            Map<String, INDArray> state = updater.getState();
            if (state != null) {
                state.values().forEach(this::keep);
            }
        }
    }

    private void keep(INDArray array) {
        before.add(new Kept(array, array.dup()));
    }

    @Override
    public void iterationDone(SameDiff gradients, At at, MultiDataSet batch, Loss loss) {
        if (!Arrays.stream(loss.getLosses()).allMatch(Double::isFinite)) {
            throw diverged(at, batch, "loss", "the loss must be finite, found " + loss.totalLoss());
        }
        trained.forEach((name, array) -> {
            if (!ArrayBits.isFinite(array)) {
                throw diverged(at, batch, name, name + ": must be finite after an update, found NaN or an infinity");
            }
        });
    }

    private DivergedException diverged(At at, MultiDataSet batch, String found, String message) {
        before.forEach(Kept::restore);
        long iteration = at.iteration() + 1L;
        String place = areFinite(batch.getFeatures()) ? areFinite(batch.getLabels()) ? found : "labels" : "input";
        return new DivergedException(
                iteration,
                place,
                message + " at iteration " + iteration + "; the first values that are not finite are in " + place
                        + "; the parameters and the state of their updaters are those before this iteration");
    }

    private static boolean areFinite(INDArray @Nullable [] arrays) {
        return arrays == null || Arrays.stream(arrays).allMatch(ArrayBits::isFinite);
    }
}
