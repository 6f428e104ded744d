package org.lora4j.nn.weight.internal;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowNorms;
import org.lora4j.internal.memory.ArrayFingerprint;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.threads.SpareProcessors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A frozen FLOAT matrix that is no array of floats. Its rows are read one by one. */
abstract class RowMatrix implements WeightMatrix {
    /** The fewest elements for whose comparison another thread saves time. */
    private static final int LEAST_ELEMENTS = 1 << 17;

    private final int height;
    private final int width;
    private volatile @Nullable String original;

    /**
     * Holds a matrix.
     *
     * @param height {@code out}
     * @param width {@code in}
     * @param original the fingerprint of the weights before they were rounded; null if rounding changed nothing
     */
    RowMatrix(int height, int width, @Nullable String original) {
        this.height = height;
        this.width = width;
        this.original = original;
    }

    /** Gives the rows of a matrix of floats. */
    @FunctionalInterface
    interface Rows {
        /** Copies a row. */
        void read(int row, float[] target);
    }

    /** The rows as they are multiplied with, for one thread. */
    abstract Rows rows();

    final int height() {
        return height;
    }

    final int width() {
        return width;
    }

    /** The fingerprint of the weights before they were rounded; null if they were not, or it is not known yet. */
    final @Nullable String original() {
        return original;
    }

    /** The fingerprint of a matrix of floats. */
    static String fingerprint(Rows rows, int height, int width) {
        ArrayFingerprint fingerprint = new ArrayFingerprint(DataType.FLOAT, new long[] {height, width});
        float[] row = new float[width];
        for (int i = 0; i < height; i++) {
            rows.read(i, row);
            fingerprint.add(row, width);
        }
        return fingerprint.hex();
    }

    /**
     * Returns whether some rows are those of this matrix, bit for bit. Each free processor compares a part of them.
     *
     * @param others gives the rows for one thread
     */
    final boolean hasElements(Supplier<Rows> others) {
        AtomicBoolean isEqual = new AtomicBoolean(true);
        SpareProcessors.run(height, Math.max(1, LEAST_ELEMENTS / width), (from, to) -> {
            if (!hasElements(others.get(), from, to)) {
                isEqual.set(false);
            }
        });
        return isEqual.get();
    }

    private boolean hasElements(Rows others, int from, int to) {
        float[] one = new float[width];
        float[] two = new float[width];
        Rows rows = rows();
        for (int i = from; i < to; i++) {
            rows.read(i, one);
            others.read(i, two);
            if (!Arrays.equals(one, two)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public DataType dataType() {
        return DataType.FLOAT;
    }

    @Override
    public long[] shape() {
        return new long[] {height, width};
    }

    @Override
    public void rows(int[] ids, INDArray result) {
        ArrayMemory target = new ArrayMemory(result);
        Rows rows = rows();
        float[] row = new float[width];
        for (int i = 0; i < ids.length; i++) {
            rows.read(ids[i], row);
            target.put(i * width, row, 0, width);
        }
    }

    @Override
    public INDArray row(long row) {
        float[] elements = new float[width];
        rows().read(Math.toIntExact(row), elements);
        return rowOf(elements);
    }

    @Override
    public INDArray column(long column) {
        float[] elements = new float[height];
        float[] row = new float[width];
        Rows rows = rows();
        for (int i = 0; i < height; i++) {
            rows.read(i, row);
            elements[i] = row[Math.toIntExact(column)];
        }
        return rowOf(elements);
    }

    static INDArray rowOf(float[] elements) {
        INDArray result = Nd4j.createUninitializedDetached(DataType.FLOAT, 'c', 1, elements.length);
        new ArrayMemory(result).put(0, elements, 0, elements.length);
        return result;
    }

    @Override
    public INDArray rowNorms() {
        return lend(RowNorms::of);
    }

    @Override
    public INDArray columnNorms() {
        return lend(array -> RowNorms.of(array.transpose()));
    }

    @Override
    public String fingerprint() {
        String known = original;
        if (known == null) {
            known = fingerprint(rows(), height, width);
            original = known;
        }
        return known;
    }

    @Override
    public boolean isFinite() {
        float[] row = new float[width];
        Rows rows = rows();
        for (int i = 0; i < height; i++) {
            rows.read(i, row);
            for (float element : row) {
                if (!Float.isFinite(element)) {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public INDArray array() {
        return array(0, height);
    }

    private INDArray array(int from, int to) {
        INDArray result = Nd4j.createUninitializedDetached(DataType.FLOAT, 'c', to - from, width);
        ArrayMemory memory = new ArrayMemory(result);
        float[] row = new float[width];
        Rows rows = rows();
        for (int i = from; i < to; i++) {
            rows.read(i, row);
            memory.put((i - from) * width, row, 0, width);
        }
        return result;
    }

    @Override
    public INDArray copy() {
        return array();
    }

    @Override
    public <R> R lend(Function<INDArray, R> function) {
        return lendRows(0, height, function);
    }

    @Override
    public <R> R lendRows(int from, int to, Function<INDArray, R> function) {
        INDArray array = array(from, to);
        try {
            return function.apply(array);
        } finally {
            array.close();
        }
    }
}
