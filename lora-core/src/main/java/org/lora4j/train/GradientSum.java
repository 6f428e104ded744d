package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.math.FlatRow;
import org.nd4j.linalg.api.blas.Level1;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The mean of the gradients of several batches, each with the weight of its number of rows. */
final class GradientSum {
    private final List<INDArray> gradients = new ArrayList<>();
    private final List<INDArray> sums = new ArrayList<>();
    private long rows;

    /**
     * Creates a sum.
     *
     * @param arrays hold the gradients of each batch in turn
     */
    GradientSum(List<INDArray> arrays) {
        for (INDArray array : arrays) {
            INDArray flat = FlatRow.of(array);
            gradients.add(flat);
            sums.add(Nd4j.createUninitializedDetached(flat.dataType(), flat.shape()));
        }
    }

    /** Adds the gradients of a batch. */
    void add(long batchRows) {
        double weight = batchRows;
        // These functions allocate nothing, unlike the operations of INDArray.
        Level1 blas = Nd4j.getBlasWrapper().level1();
        for (int i = 0; i < sums.size(); i++) {
            INDArray gradient = gradients.get(i);
            if (rows == 0) {
                blas.copy(gradient, sums.get(i));
                blas.scal(gradient.length(), weight, sums.get(i));
            } else {
                blas.axpy(gradient.length(), weight, gradient, sums.get(i));
            }
        }
        rows += batchRows;
    }

    /** Overwrites the gradients with their mean. The next batch starts a new sum. */
    void takeMean() {
        Level1 blas = Nd4j.getBlasWrapper().level1();
        for (int i = 0; i < sums.size(); i++) {
            INDArray gradient = gradients.get(i);
            blas.copy(sums.get(i), gradient);
            blas.scal(gradient.length(), 1.0 / rows, gradient);
        }
        rows = 0;
    }
}
