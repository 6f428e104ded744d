package org.lora4j;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.Gemm;
import org.lora4j.internal.RowBlocks;
import org.lora4j.internal.SpareProcessors;
import org.lora4j.nn.internal.OutputUpdate;
import org.lora4j.nn.internal.OutputUpdatePass;
import org.lora4j.nn.internal.PassContext;
import org.lora4j.nn.internal.ProductContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Adds the delta of another adapter to each block of rows: {@code y[i] += s_i·(x[i]·A_iᵀ)·B_iᵀ}. The rows of an adapter that
 * has a copy of the whole layer are computed with the copy: {@code y[i] = x[i]·W_iᵀ + b_i}. It belongs to one pass; the
 * adapters of the rows are assigned before each call. The updates are divided among the processors that BLAS does not use.
 */
final class RowAdapters implements OutputUpdate {
    /** The fewest elements of factors for which another thread saves time. */
    private static final long LEAST_ELEMENTS = 1 << 18;

    private final List<Rows> assigned = new ArrayList<>();
    private final List<ReplacedRows> replaced = new ArrayList<>();
    private long elements;

    /** The update of the examples {@code [from, to)}: rows, or all tokens of sequences. */
    record Rows(LoRAUpdate update, int from, int to) {}

    /** The layer of the examples {@code [from, to)}. */
    private record ReplacedRows(SavedParameters layer, int from, int to) {}

    /** Removes the assignments of the last call. */
    void clear() {
        assigned.clear();
        replaced.clear();
        elements = 0;
    }

    /** Assigns examples {@code [from, to)} of the next batch, in ascending order. */
    void assign(LoRAUpdate update, int from, int to) {
        assigned.add(new Rows(update, from, to));
        elements += (to - from)
                * (update.loraA().value().length() + update.loraB().value().length());
    }

    /** Computes the examples {@code [from, to)} of the next batch with a copy of the layer. */
    void replace(SavedParameters layer, int from, int to) {
        replaced.add(new ReplacedRows(layer, from, to));
    }

    @Override
    public OutputUpdatePass newPass(PassContext context) {
        return new RowsPass(context);
    }

    private final class RowsPass implements OutputUpdatePass {
        private final PassContext context;
        private final List<RowsPart> parts = new ArrayList<>();
        private final RowBlocks blocks = new RowBlocks();
        private final ProductContext product = new ProductContext();
        private final Gemm addBias = new Gemm(false, false, 1, 1);

        RowsPass(PassContext context) {
            this.context = context;
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
            List<Rows> inRows = assigned.stream()
                    .map(one -> new Rows(one.update(), context.firstRow(one.from()), context.firstRow(one.to())))
                    .toList();
            int rows = Math.toIntExact(x.size(0));
            int count = Math.min(rows, SpareProcessors.parts(elements, LEAST_ELEMENTS));
            while (parts.size() < count) {
                parts.add(new RowsPart(context.dataType()));
            }
            SpareProcessors.runParts(
                    count,
                    i -> parts.get(i)
                            .add(
                                    inRows,
                                    SpareProcessors.start(rows, i, count),
                                    SpareProcessors.start(rows, i + 1, count),
                                    x,
                                    y));
        }

        @Override
        public void finish(INDArray x, INDArray y) {
            for (ReplacedRows rows : replaced) {
                int from = context.firstRow(rows.from());
                int to = context.firstRow(rows.to());
                while (from < to) {
                    int size = RowBlocks.size(from, to);
                    replace(rows.layer(), blocks.of(x, from, size), blocks.of(y, from, size));
                    from += size;
                }
            }
            // Another batch has other layers, and this pass must not keep those of adapters that were deleted.
            product.forget();
        }

        private void replace(SavedParameters layer, INDArray x, INDArray y) {
            layer.weight().weight().multiply(product, x, y);
            INDArray biasRow = layer.biasRow();
            if (biasRow != null) {
                addBias.run(context.ones(y.size(0)), biasRow, y);
            }
        }
    }
}
