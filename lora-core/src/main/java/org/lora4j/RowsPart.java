package org.lora4j;

import java.util.List;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.BuffersByWidth;
import org.lora4j.internal.Gemm;
import org.lora4j.internal.RowBlocks;
import org.lora4j.internal.SingleRows;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adds the updates of {@link RowAdapters} to some rows of a batch. It belongs to one thread at a time. */
final class RowsPart {
    /** For fewer rows of one adapter, loops on the heap take less time than native products. */
    private static final int LEAST_FOR_PRODUCT = 8;

    private final RowBlocks blocks = new RowBlocks();
    private final SingleRows singleRows = new SingleRows();
    private final BuffersByWidth downs;
    private final Gemm down = new Gemm(false, true, 1, 0);
    private final Gemm addUp = new Gemm(false, true, 1, 1);
    private final Gemm addBias = new Gemm(false, false, 1, 1);
    private final BuffersByWidth ones;

    RowsPart(DataType dataType) {
        downs = new BuffersByWidth(dataType);
        ones = new BuffersByWidth(dataType);
    }

    /**
     * Adds the updates of the rows {@code [begin, end)}.
     *
     * @param assigned the adapters of all rows, in the order of the rows
     */
    void add(List<RowAdapters.Rows> assigned, int begin, int end, INDArray x, INDArray y) {
        for (RowAdapters.Rows rows : assigned) {
            int from = Math.max(begin, rows.from());
            int to = Math.min(end, rows.to());
            while (from < to) {
                // In 'c' order any block of rows is contiguous.
                int size = y.ordering() == 'c' ? to - from : RowBlocks.size(from, to);
                add(rows.lora(), x, y, from, size);
                from += size;
            }
        }
        singleRows.addNoted(x, y);
    }

    private void add(LoRAParametrization lora, INDArray x, INDArray y, int from, int size) {
        INDArray a = lora.loraA().value();
        INDArray b = lora.loraB().value();
        LoRAWeights subtracted = lora.subtracted();
        if (size < LEAST_FOR_PRODUCT && y.ordering() == 'f' && SingleRows.reads(a, b)) {
            for (int row = from; row < from + size; row++) {
                if (singleRows.isFull()) {
                    singleRows.addNoted(x, y);
                }
                singleRows.note(row, a, b, lora.scale());
                if (subtracted != null) {
                    singleRows.note(row, subtracted.loraA(), subtracted.loraB(), -lora.scale());
                }
            }
        } else {
            INDArray rowsOfX = blocks.of(x, from, size);
            INDArray rowsOfY = blocks.of(y, from, size);
            addProduct(a, b, lora.scale(), rowsOfX, rowsOfY);
            if (subtracted != null) {
                addProduct(subtracted.loraA(), subtracted.loraB(), -lora.scale(), rowsOfX, rowsOfY);
            }
        }
        INDArray bBiasRow = lora.loraBBiasRow();
        if (bBiasRow != null) {
            addBias(bBiasRow, lora.scale(), blocks.of(y, from, size));
        }
    }

    private void addProduct(INDArray a, INDArray b, double scale, INDArray x, INDArray y) {
        INDArray u = downs.rows(x.size(0), a.size(0));
        down.run(x, a, u);
        addUp.configure(false, true, scale, 1);
        addUp.run(u, b, y);
    }

    private void addBias(INDArray bBiasRow, double scale, INDArray y) {
        INDArray column = ones.rows(y.size(0), 1);
        column.assign(1);
        addBias.configure(false, false, scale, 1);
        addBias.run(column, bBiasRow, y);
    }
}
