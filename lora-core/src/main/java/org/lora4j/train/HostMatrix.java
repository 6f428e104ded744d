package org.lora4j.train;

import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Elements of a small matrix in any order or view, without the checks and allocations of {@code INDArray.getDouble}. */
final class HostMatrix {
    private final DataBuffer data;
    private final int rows;
    private final int columns;
    private final long rowStride;
    private final long columnStride;

    HostMatrix(INDArray matrix) {
        // The data of a view begins where the view does.
        data = matrix.data();
        rows = Math.toIntExact(matrix.size(0));
        columns = Math.toIntExact(matrix.size(1));
        rowStride = matrix.stride(0);
        columnStride = matrix.stride(1);
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
    }

    double get(long i, long k) {
        return data.getDouble(i * rowStride + k * columnStride);
    }

    void set(long i, long k, double value) {
        data.put(i * rowStride + k * columnStride, value);
    }
}
