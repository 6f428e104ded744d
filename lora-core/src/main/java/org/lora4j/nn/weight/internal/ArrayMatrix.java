package org.lora4j.nn.weight.internal;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowNorms;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.internal.memory.ArrayFingerprint;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The elements of a parameter in an array, which may have another rank than 2. ND4J computes the products. */
public final class ArrayMatrix implements WeightMatrix {
    private final INDArray array;
    private final @Nullable String original;

    /**
     * Holds an array.
     *
     * @param array FLOAT or DOUBLE; not copied
     */
    public ArrayMatrix(INDArray array) {
        this(array, null);
    }

    /**
     * Holds an array of weights that were rounded.
     *
     * @param array FLOAT or DOUBLE; not copied
     * @param original the fingerprint of the weights before; null if it is that of the array
     */
    ArrayMatrix(INDArray array, @Nullable String original) {
        this.array = array;
        this.original = original;
    }

    /** The fingerprint of the weights before they were rounded; null if they were not. */
    @Nullable
    String original() {
        return original;
    }

    /** The rows of an array of FLOAT in 'c' order. */
    static RowMatrix.Rows rowsOf(INDArray array) {
        ArrayMemory memory = new ArrayMemory(array);
        int width = Math.toIntExact(array.size(1));
        return (row, target) -> memory.get(row * width, target, 0, width);
    }

    @Override
    public DataType dataType() {
        return array.dataType();
    }

    @Override
    public long[] shape() {
        return array.shape();
    }

    @Override
    public Precision precision() {
        return Precision.FLOAT;
    }

    @Override
    public long bytes() {
        return array.length() * array.dataType().width();
    }

    @Override
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        context.multiply(x, array, y);
    }

    @Override
    public void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds) {
        context.multiplyTransposed(g, array, dx, adds);
    }

    @Override
    public void rows(int[] ids, INDArray result) {
        int width = Math.toIntExact(array.size(1));
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
    public INDArray rowNorms() {
        return RowNorms.of(array);
    }

    @Override
    public INDArray columnNorms() {
        return RowNorms.of(array.transpose());
    }

    @Override
    public String fingerprint() {
        return original == null ? ArrayFingerprint.of(array) : original;
    }

    @Override
    public boolean isFinite() {
        return ArrayBits.isFinite(array);
    }

    @Override
    public INDArray array() {
        return array;
    }

    @Override
    public INDArray copy() {
        return array.dup(array.ordering());
    }

    @Override
    public <R> R lend(Function<INDArray, R> function) {
        return function.apply(array);
    }

    @Override
    public <R> R lendRows(int from, int to, Function<INDArray, R> function) {
        INDArray rows = array.get(NDArrayIndex.interval(from, to), NDArrayIndex.all());
        return function.apply(array.ordering() == 'c' ? rows : rows.dup('c'));
    }
}
