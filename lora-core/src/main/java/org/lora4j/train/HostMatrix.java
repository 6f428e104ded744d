package org.lora4j.train;

import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Elements of a small matrix, without the checks and allocations of {@code INDArray.getDouble}. */
final class HostMatrix {
    private final DataBuffer data;
    private final int rows;
    private final int columns;
    private final long rowStride;
    private final long columnStride;

    HostMatrix(INDArray matrix) {
        INDArray contiguous = matrix.elementWiseStride() == 1 && matrix.offset() == 0 ? matrix : matrix.dup('c');
        data = contiguous.data();
        rows = Math.toIntExact(contiguous.size(0));
        columns = Math.toIntExact(contiguous.size(1));
        rowStride = contiguous.stride(0);
        columnStride = contiguous.stride(1);
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
