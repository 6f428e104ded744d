package org.lora4j.spark.internal.train;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.lora4j.spark.internal.rows.FlatValues;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * Weighted sums over rows of what several workers computed. The sums are in double and in a fixed order, so the same parts give the
 * same bits.
 */
final class GradientSums implements Serializable {
    private static final long serialVersionUID = 1L;

    private long rows;
    private double weight;
    private double loss;
    private double[] gradients = new double[0];

    /** Adds the parts of several workers, in the order of the list. */
    static GradientSums of(List<PartialGradients> parts) {
        GradientSums sums = new GradientSums();
        parts.forEach(part -> part.addTo(sums));
        return sums;
    }

    /** Adds the parts of several workers, in the order of their numbers. */
    static GradientSums inOrder(Iterable<PartialGradients> group) {
        List<PartialGradients> parts = new ArrayList<>();
        group.forEach(parts::add);
        parts.sort(Comparator.comparingInt(PartialGradients::worker));
        return of(parts);
    }

    /** Adds weighted means over some rows. */
    void add(long ofRows, double ofWeight, double meanLoss, FlatValues means) {
        require(means.length());
        rows += ofRows;
        weight += ofWeight;
        loss += ofWeight * meanLoss;
        means.addTo(gradients, ofWeight);
    }

    /** Adds other sums. */
    void add(GradientSums other) {
        if (other.rows > 0) {
            require(other.gradients.length);
            rows += other.rows;
            weight += other.weight;
            loss += other.loss;
            for (int i = 0; i < gradients.length; i++) {
                gradients[i] += other.gradients[i];
            }
        }
    }

    private void require(int length) {
        if (gradients.length == 0) {
            gradients = new double[length];
        }
    }

    long rows() {
        return rows;
    }

    double meanLoss() {
        return loss / weight;
    }

    /** The mean gradients over all rows. */
    FlatValues means(DataType type) {
        double[] means = new double[gradients.length];
        for (int i = 0; i < means.length; i++) {
            means[i] = gradients[i] / weight;
        }
        return FlatValues.rounded(means, type);
    }
}
