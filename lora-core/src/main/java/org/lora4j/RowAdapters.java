package org.lora4j;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.SpareProcessors;
import org.lora4j.nn.internal.OutputUpdate;
import org.lora4j.nn.internal.OutputUpdatePass;
import org.lora4j.nn.internal.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Adds the delta of another adapter to each block of rows: {@code y[i] += s_i·(x[i]·A_iᵀ)·B_iᵀ}. It belongs to one pass;
 * the adapters of the rows are assigned before each call. The rows are divided among the processors that BLAS does not use.
 */
final class RowAdapters implements OutputUpdate {
    /** The fewest elements of factors for which another thread saves time. */
    private static final long LEAST_ELEMENTS = 1 << 18;

    private final List<Rows> assigned = new ArrayList<>();
    private long elements;

    /** The update of the examples {@code [from, to)}: rows, or all tokens of sequences. */
    record Rows(LoRAParametrization lora, int from, int to) {}

    /** Removes the assignments of the last call. */
    void clear() {
        assigned.clear();
        elements = 0;
    }

    /** Assigns examples {@code [from, to)} of the next batch, in ascending order. */
    void assign(LoRAParametrization lora, int from, int to) {
        assigned.add(new Rows(lora, from, to));
        elements += (to - from)
                * (lora.loraA().value().length() + lora.loraB().value().length());
    }

    @Override
    public OutputUpdatePass newPass(PassContext context) {
        return new RowsPass(context);
    }

    private final class RowsPass implements OutputUpdatePass {
        private final PassContext context;
        private final List<RowsPart> parts = new ArrayList<>();

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
                    .map(one -> new Rows(one.lora(), context.firstRow(one.from()), context.firstRow(one.to())))
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
    }
}
