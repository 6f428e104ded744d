package org.lora4j;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.BuffersByWidth;
import org.lora4j.internal.Gemm;
import org.lora4j.internal.RowBlocks;
import org.lora4j.internal.SingleRows;
import org.lora4j.nn.internal.OutputUpdate;
import org.lora4j.nn.internal.OutputUpdatePass;
import org.lora4j.nn.internal.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Adds the delta of another adapter to each block of rows: {@code y[i] += s_i·(x[i]·A_iᵀ)·B_iᵀ}. It belongs to one pass;
 * the adapters of the rows are assigned before each call.
 */
final class RowAdapters implements OutputUpdate {
    private final List<Rows> assigned = new ArrayList<>();

    /** The update of the examples {@code [from, to)}: rows, or all tokens of sequences. */
    private record Rows(LoRAParametrization lora, int from, int to) {}

    /** Removes the assignments of the last call. */
    void clear() {
        assigned.clear();
    }

    /** Assigns examples {@code [from, to)} of the next batch. */
    void assign(LoRAParametrization lora, int from, int to) {
        assigned.add(new Rows(lora, from, to));
    }

    @Override
    public OutputUpdatePass newPass(PassContext context) {
        return new RowsPass(context);
    }

    private final class RowsPass implements OutputUpdatePass {
        private final PassContext context;
        private final RowBlocks blocks = new RowBlocks();
        private final SingleRows singleRows = new SingleRows();
        private final BuffersByWidth downs;
        private final Gemm down = new Gemm(false, true, 1, 0);
        private final Gemm addUp = new Gemm(false, true, 1, 1);
        private final Gemm addBias = new Gemm(false, false, 1, 1);

        RowsPass(PassContext context) {
            this.context = context;
            downs = new BuffersByWidth(context.dataType());
        }

        @Override
        public boolean bind(OutputUpdate update) {
            return update == RowAdapters.this;
        }

        @Override
        public boolean readsBase() {
            return false;
        }

        @Override
        public void forward(INDArray x, INDArray base, INDArray y) {
            for (Rows rows : assigned) {
                int from = context.firstRow(rows.from());
                int to = context.firstRow(rows.to());
                while (from < to) {
                    // In 'c' order any block of rows is contiguous.
                    int size = isPacked(y) ? to - from : RowBlocks.size(from, to);
                    add(rows.lora(), x, y, from, size);
                    from += size;
                }
            }
            singleRows.addNoted(x, y);
        }

        private static boolean isPacked(INDArray y) {
            return y.ordering() == 'c';
        }

        private void add(LoRAParametrization lora, INDArray x, INDArray y, int from, int size) {
            add(lora.loraA().value(), lora.loraB().value(), lora.scale(), x, y, from, size);
            LoRAWeights subtracted = lora.subtracted();
            if (subtracted != null) {
                add(subtracted.loraA(), subtracted.loraB(), -lora.scale(), x, y, from, size);
            }
            INDArray bBiasRow = lora.loraBBiasRow();
            if (bBiasRow != null) {
                addBias(bBiasRow, lora.scale(), blocks.of(y, from, size));
            }
        }

        private void add(INDArray a, INDArray b, double scale, INDArray x, INDArray y, int from, int size) {
            if (size == 1 && !isPacked(y) && SingleRows.reads(a, b)) {
                if (singleRows.isFull()) {
                    singleRows.addNoted(x, y);
                }
                singleRows.note(from, a, b, scale);
                return;
            }
            INDArray u = downs.rows(size, a.size(0));
            down.run(blocks.of(x, from, size), a, u);
            addUp.configure(false, true, scale, 1);
            addUp.run(u, b, blocks.of(y, from, size));
        }

        private void addBias(INDArray bBiasRow, double scale, INDArray y) {
            addBias.configure(false, false, scale, 1);
            addBias.run(context.ones(y.size(0)), bBiasRow, y);
        }
    }
}
