package org.lora4j;

import java.util.List;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.BatchBuffer;
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
    private final BatchBuffer ones;
    private final ProductUpdate product;

    RowsPart(DataType dataType) {
        ones = new BatchBuffer(dataType, 1);
        product = new ProductUpdate(dataType, n -> ones.rows(n).assign(1));
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
                add(rows.update(), x, y, from, size);
                from += size;
            }
        }
        singleRows.addNoted(x, y);
    }

    private void add(LoRAUpdate update, INDArray x, INDArray y, int from, int size) {
        INDArray a = update.loraA().value();
        INDArray b = update.loraB().value();
        double scale = update.scale();
        LoRAWeights subtracted = update.subtracted();
        product.bind(a, b, update.loraBBiasRow(), scale);
        if (size < LEAST_FOR_PRODUCT && y.ordering() == 'f' && SingleRows.reads(a, b)) {
            for (int row = from; row < from + size; row++) {
                if (singleRows.isFull()) {
                    singleRows.addNoted(x, y);
                }
                singleRows.note(row, a, b, scale);
                if (subtracted != null) {
                    singleRows.note(row, subtracted.loraA(), subtracted.loraB(), -scale);
                }
            }
            if (update.loraBBias() != null) {
                product.addBias(blocks.of(y, from, size));
            }
        } else {
            INDArray rowsOfX = blocks.of(x, from, size);
            INDArray rowsOfY = blocks.of(y, from, size);
            product.forward(rowsOfX, rowsOfY);
            if (update.bindSubtracted(product)) {
                product.forward(rowsOfX, rowsOfY);
            }
        }
    }
}
