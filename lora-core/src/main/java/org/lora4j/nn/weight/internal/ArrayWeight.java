package org.lora4j.nn.weight.internal;

import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.RowNorms;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.WeightStorage;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A weight in the array of its parameter, trainable or frozen. ND4J computes its products. */
public final class ArrayWeight implements Weight {
    private final Weighted parameter;
    private final INDArray array;
    private final Remembered<INDArray> rowNorms = new Remembered<>();
    private final Remembered<INDArray> columnNorms = new Remembered<>();
    private final Remembered<String> fingerprint = new Remembered<>();

    /** Of no effect here: an array has its own type. */
    private volatile Precision precision = Precision.FLOAT;

    /**
     * Creates the weight of a parameter.
     *
     * @param parameter the parameter, a matrix
     */
    public ArrayWeight(Weighted parameter) {
        this.parameter = parameter;
        array = parameter.value();
    }

    /** A value that is computed from the array, again only after the parameter was unfrozen. */
    private final class Remembered<T> {
        private volatile @Nullable Known<T> known;

        T get(Function<INDArray, T> compute) {
            // Read first: a thaw in the meantime must not go unnoticed.
            int thaws = parameter.thaws();
            if (parameter.isTrainable()) {
                return compute.apply(array);
            }
            Known<T> now = known;
            if (now == null || now.thaws() != thaws) {
                now = new Known<>(compute.apply(array), thaws);
                known = now;
            }
            return now.value();
        }
    }

    /** A value, and how often the parameter was unfrozen before it was computed. */
    private record Known<T>(T value, int thaws) {}

    @Override
    public DataType dataType() {
        return array.dataType();
    }

    @Override
    public long outputSize() {
        return array.size(0);
    }

    @Override
    public long inputSize() {
        return array.size(1);
    }

    @Override
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        context.product().run(x, array, y);
    }

    @Override
    public void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds) {
        context.transposedProduct(adds).run(g, array, dx);
    }

    @Override
    public void rows(int[] ids, INDArray result) {
        int width = Math.toIntExact(inputSize());
        ArrayMemory source = new ArrayMemory(array.ordering() == 'c' ? array : array.dup('c'));
        ArrayMemory target = new ArrayMemory(result);
        for (int i = 0; i < ids.length; i++) {
            source.copy(ids[i] * width, target, i * width, width);
        }
    }

    @Override
    public INDArray row(long row) {
        return array.getRow(row, true);
    }

    @Override
    public INDArray column(long column) {
        return array.getColumn(column, true).reshape(1, array.size(0));
    }

    @Override
    public INDArray columnNorms() {
        return columnNorms.get(matrix -> RowNorms.of(matrix.transpose()));
    }

    @Override
    public INDArray rowNorms() {
        return rowNorms.get(RowNorms::of);
    }

    @Override
    public String fingerprint(Supplier<String> compute) {
        return fingerprint.get(unused -> compute.get());
    }

    @Override
    public void store(Precision newPrecision) {
        precision = newPrecision;
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public WeightStorage storage(String layer) {
        return new WeightStorage(layer, "ND4J", dataType().name(), 0);
    }

    @Override
    public void thaw() {
        // What it remembers is small, and is computed again after a thaw.
    }

    @Override
    public INDArray array() {
        return array;
    }
}
