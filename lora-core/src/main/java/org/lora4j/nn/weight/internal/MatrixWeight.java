package org.lora4j.nn.weight.internal;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.WeightStorage;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A weight that this library multiplies with itself, in whatever form the parameter holds it. */
public final class MatrixWeight implements Weight {
    private final Weighted parameter;
    private final Remembered<INDArray> rowNorms = new Remembered<>(WeightMatrix::rowNorms);
    private final Remembered<INDArray> columnNorms = new Remembered<>(WeightMatrix::columnNorms);
    private final Remembered<String> fingerprint = new Remembered<>(WeightMatrix::fingerprint);

    /**
     * Creates the weight of a parameter.
     *
     * @param parameter the parameter
     */
    public MatrixWeight(Weighted parameter) {
        this.parameter = parameter;
    }

    /** A value that is computed from the matrix, again only after it may have changed. */
    private final class Remembered<T> {
        private final Function<WeightMatrix, T> compute;
        private volatile @Nullable Known<T> known;

        Remembered(Function<WeightMatrix, T> compute) {
            this.compute = compute;
        }

        T get() {
            // Read first: a thaw in the meantime must not go unnoticed.
            int thaws = parameter.thaws();
            if (parameter.isTrainable()) {
                return compute.apply(parameter.matrix());
            }
            Known<T> now = known;
            if (now == null || now.thaws() != thaws) {
                now = new Known<>(compute.apply(parameter.matrix()), thaws);
                known = now;
            }
            return now.value();
        }
    }

    /** A value, and how often the matrix may have changed before it was computed. */
    private record Known<T>(T value, int thaws) {}

    @Override
    public DataType dataType() {
        return parameter.matrix().dataType();
    }

    @Override
    public long outputSize() {
        return parameter.matrix().shape()[0];
    }

    @Override
    public long inputSize() {
        return parameter.matrix().shape()[1];
    }

    @Override
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        parameter.matrix().multiply(context, x, y);
    }

    @Override
    public void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds) {
        parameter.matrix().multiplyTransposed(context, g, dx, adds);
    }

    @Override
    public void rows(int[] ids, INDArray result) {
        parameter.matrix().rows(ids, result);
    }

    @Override
    public INDArray row(long row) {
        return parameter.matrix().row(row);
    }

    @Override
    public INDArray column(long column) {
        return parameter.matrix().column(column);
    }

    @Override
    public INDArray columnNorms() {
        return columnNorms.get();
    }

    @Override
    public INDArray rowNorms() {
        return rowNorms.get();
    }

    @Override
    public String fingerprint() {
        return fingerprint.get();
    }

    @Override
    public WeightStorage storage(String layer) {
        WeightMatrix matrix = parameter.matrix();
        String precision = matrix.isCompact()
                ? matrix.precision().name()
                : matrix.dataType().name();
        return new WeightStorage(layer, "ND4J", precision, matrix.bytes());
    }

    @Override
    public void thaw() {
        // What it remembers is small, and is computed again after a thaw.
    }

    @Override
    public INDArray array() {
        return parameter.matrix().array();
    }

    @Override
    public INDArray copy() {
        return parameter.matrix().copy();
    }
}
