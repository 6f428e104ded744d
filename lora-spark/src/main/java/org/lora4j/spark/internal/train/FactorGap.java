package org.lora4j.spark.internal.train;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAWeights;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** How far the average of factors is from the average of their products. */
public final class FactorGap {
    private FactorGap() {}

    /**
     * Computes {@code ‖Σ wᵢ·Bᵢ·Aᵢ − (Σ wᵢ·Bᵢ)·(Σ wᵢ·Aᵢ)‖ / ‖Σ wᵢ·Bᵢ·Aᵢ‖} in the Frobenius norm over all layers.
     *
     * @param adapters the adapters, of the same layers and ranks
     * @param shares the weights w; their sum is 1
     * @return the gap; 0 if the average of the products is 0
     */
    public static double of(List<LoRAAdapter> adapters, double[] shares) {
        double gap = 0;
        double norm = 0;
        for (String path : adapters.get(0).weights().keySet()) {
            double scale = adapters.get(0).config().scaleOf(path);
            INDArray[] b = new INDArray[shares.length + 1];
            INDArray[] a = new INDArray[shares.length + 1];
            for (int i = 0; i < shares.length; i++) {
                LoRAWeights layer =
                        Objects.requireNonNull(adapters.get(i).weights().get(path));
                INDArray ofB = layer.factors().b().castTo(DataType.DOUBLE).mul(shares[i]);
                INDArray ofA = layer.factors().a().castTo(DataType.DOUBLE);
                b[i] = ofB;
                a[i] = ofA;
                b[shares.length] = i == 0 ? ofB.neg() : b[shares.length].sub(ofB);
                a[shares.length] = i == 0 ? ofA.mul(shares[0]) : a[shares.length].add(ofA.mul(shares[i]));
            }
            gap += scale * scale * squares(b, a, shares.length + 1);
            norm += scale * scale * squares(b, a, shares.length);
        }
        return norm == 0 ? 0 : Math.sqrt(Math.max(0, gap) / norm);
    }

    /** ‖[B₁, B₂, …]·[A₁; A₂; …]‖² from the small products of the factors. */
    private static double squares(INDArray[] b, INDArray[] a, int count) {
        INDArray left = Nd4j.concat(1, Arrays.copyOf(b, count));
        INDArray right = Nd4j.concat(0, Arrays.copyOf(a, count));
        INDArray ofLeft = left.transpose().mmul(left);
        INDArray ofRight = right.mmul(right.transpose());
        return ofLeft.mul(ofRight).sumNumber().doubleValue();
    }
}
