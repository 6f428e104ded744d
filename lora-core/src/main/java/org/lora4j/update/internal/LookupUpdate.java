package org.lora4j.update.internal;

import java.util.Arrays;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A {@link FactoredUpdate} of an embedding: {@code uᵢ = A[:, idᵢ]}, and ∂A is the sum of the vᵢ of each token. As in PEFT, the
 * padding token has no gradient.
 */
final class LookupUpdate extends FactoredUpdate<int[]> {
    private final int padding;

    /**
     * Creates an update that is not bound.
     *
     * @param padding the token that has no gradient
     */
    LookupUpdate(PassContext context, int padding) {
        super(context.dataType(), context::ones);
        this.padding = padding;
    }

    @Override
    void first(int[] ids, INDArray factor, INDArray u) {
        int rank = (int) factor.size(0);
        int vocabulary = (int) factor.size(1);
        ArrayMemory source = new ArrayMemory(factor);
        ArrayMemory target = new ArrayMemory(u);
        for (int k = 0; k < rank; k++) {
            for (int i = 0; i < ids.length; i++) {
                target.put(k * ids.length + i, source.get(k * vocabulary + ids[i]));
            }
        }
    }

    @Override
    void firstGradient(INDArray v, int[] ids, Gradient gradient) {
        boolean adds = gradient.beginPart();
        int rank = (int) gradient.array().size(0);
        int vocabulary = (int) gradient.array().size(1);
        ArrayMemory source = new ArrayMemory(v);
        ArrayMemory target = new ArrayMemory(gradient.array());
        double[] sums = new double[vocabulary];
        for (int k = 0; k < rank; k++) {
            Arrays.fill(sums, 0);
            for (int i = 0; i < ids.length; i++) {
                sums[ids[i]] += ids[i] == padding ? 0 : source.get(k * ids.length + i);
            }
            for (int id = 0; id < vocabulary; id++) {
                int place = k * vocabulary + id;
                target.put(place, adds ? target.get(place) + sums[id] : sums[id]);
            }
        }
    }

    @Override
    boolean hasInputGradient() {
        return false;
    }
}
