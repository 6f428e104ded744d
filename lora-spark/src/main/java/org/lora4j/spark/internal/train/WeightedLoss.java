package org.lora4j.spark.internal.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The weighted mean {@code L = Σ wᵢ·lᵢ / Σ wᵢ} of a loss that is itself a mean over rows. The rows of one weight are computed
 * together. Not thread-safe.
 */
final class WeightedLoss implements Loss {
    private final Loss loss;
    private double[] weights = new double[0];

    WeightedLoss(Loss loss) {
        this.loss = loss;
    }

    /** Sets the weights of the next rows, and returns their sum. */
    double use(double[] next) {
        weights = next;
        return Arrays.stream(next).sum();
    }

    @Override
    public double compute(INDArray output, INDArray labels, INDArray gradient) {
        double all = Arrays.stream(weights).sum();
        double mean = 0;
        for (Map.Entry<Double, List<Integer>> group : groups().entrySet()) {
            List<Integer> rows = group.getValue();
            double share = group.getKey() * rows.size() / all;
            INDArray ofRows = rows(output, rows);
            INDArray gradients = ofRows.ulike();
            mean += share * loss.compute(ofRows, rows(labels, rows), gradients);
            gradients.muli(share);
            for (int i = 0; i < rows.size(); i++) {
                gradient.getRow(rows.get(i)).assign(gradients.getRow(i));
            }
        }
        return mean;
    }

    private Map<Double, List<Integer>> groups() {
        Map<Double, List<Integer>> groups = new LinkedHashMap<>();
        for (int i = 0; i < weights.length; i++) {
            groups.computeIfAbsent(weights[i], weight -> new ArrayList<>()).add(i);
        }
        return groups;
    }

    /** Copies rows to an array of the same memory order. */
    private static INDArray rows(INDArray from, List<Integer> rows) {
        INDArray copy =
                Nd4j.createUninitialized(from.dataType(), new long[] {rows.size(), from.size(1)}, from.ordering());
        for (int i = 0; i < rows.size(); i++) {
            copy.getRow(i).assign(from.getRow(rows.get(i)));
        }
        return copy;
    }
}
