package org.lora4j.nn;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Products and buffers that a layer's decorations use, kept when the layer turns to other decorations. */
final class LinearResources implements PassContext {
    private final DataType dataType;
    private final Gradients gradients;
    private final PassStep step;
    private final BatchBuffer ones;
    private long onesRows;
    private final Shelf<Gemm> gemms = new Shelf<>();
    private final Map<Long, Shelf<BatchBuffer>> buffers = new HashMap<>();
    private final List<WeightProduct.Further> further = new ArrayList<>();
    private Parameter weight;

    LinearResources(Parameter weight, Gradients gradients, PassStep step) {
        this.weight = weight;
        dataType = weight.value().dataType();
        this.gradients = gradients;
        this.step = step;
        ones = new BatchBuffer(dataType, 1);
    }

    /** Turns to a weight and makes all that was handed out available again. Nobody may use it as before. */
    void begin(Parameter newWeight) {
        weight = newWeight;
        further.clear();
        gemms.taken = 0;
        buffers.values().forEach(shelf -> shelf.taken = 0);
    }

    @Override
    public DataType dataType() {
        return dataType;
    }

    @Override
    public boolean isTraining() {
        return gradients.isTraining();
    }

    @Override
    public @Nullable INDArray gradient(Parameter parameter) {
        return gradients.of(parameter);
    }

    @Override
    public Parameter weight() {
        return weight;
    }

    @Override
    public INDArray weightProduct(INDArray rows) {
        INDArray product = buffer(weight.value().size(0)).rows(rows.size(0));
        further.add(new WeightProduct.Further(rows, product));
        return product;
    }

    /** What was asked for beside the batch's product. */
    List<WeightProduct.Further> further() {
        return further;
    }

    @Override
    public long step() {
        return step.number();
    }

    @Override
    public INDArray ones(long rows) {
        INDArray column = ones.rows(rows);
        // Smaller columns lie at the beginning of the same memory.
        if (rows > onesRows) {
            column.assign(1);
            onesRows = rows;
        }
        return column;
    }

    @Override
    public Gemm gemm(boolean transposeA, boolean transposeB, double alpha, double beta) {
        Gemm gemm = gemms.next();
        if (gemm == null) {
            return gemms.add(new Gemm(transposeA, transposeB, alpha, beta));
        }
        gemm.configure(transposeA, transposeB, alpha, beta);
        return gemm;
    }

    @Override
    public BatchBuffer buffer(long columns) {
        Shelf<BatchBuffer> shelf = buffers.computeIfAbsent(columns, key -> new Shelf<>());
        BatchBuffer buffer = shelf.next();
        return buffer != null ? buffer : shelf.add(new BatchBuffer(dataType, columns));
    }

    private static final class Shelf<T> {
        private final List<T> all = new ArrayList<>();
        private int taken;

        @Nullable
        T next() {
            return taken < all.size() ? all.get(taken++) : null;
        }

        T add(T one) {
            all.add(one);
            taken = all.size();
            return one;
        }
    }
}
