package org.lora4j;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.BatchBuffer;
import org.lora4j.nn.FlatRow;
import org.lora4j.nn.Gemm;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.Parametrization;
import org.lora4j.nn.ParametrizationPass;
import org.lora4j.nn.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A decoration that adds the delta of another adapter to each block of rows: {@code y[i] += s_i·(x[i]·A_iᵀ)·B_iᵀ}. It
 * belongs to one pass, and which adapters they are is set before each call. For predictions only.
 */
final class RowAdapters implements Parametrization {
    private final List<Rows> assigned = new ArrayList<>();

    /** What the rows {@code [from, to)} get. */
    private record Rows(LoRAParametrization lora, int from, int to) {}

    /** Forgets the assignments of the last call. */
    void clear() {
        assigned.clear();
    }

    /** Assigns rows {@code [from, to)} of the next batch. */
    void assign(LoRAParametrization lora, int from, int to) {
        assigned.add(new Rows(lora, from, to));
    }

    @Override
    public List<Parameter> parameters() {
        return List.of();
    }

    @Override
    public INDArray delta(INDArray original) {
        throw new UnsupportedOperationException("rows with adapters of their own have no common weight");
    }

    @Override
    public ParametrizationPass newPass(PassContext context) {
        return new RowsPass(context);
    }

    private final class RowsPass implements ParametrizationPass {
        private final PassContext context;
        private final RowBlocks blocks = new RowBlocks();
        private final SingleRows singleRows = new SingleRows();
        private final Map<Integer, BatchBuffer> downs = new HashMap<>();
        private final Gemm down;

        /** Products {@code y += s·u·v} by s, which many adapters have in common. */
        private final Map<Double, Gemm> addUps = new HashMap<>();

        private final Map<Double, Gemm> addBiases = new HashMap<>();

        RowsPass(PassContext context) {
            this.context = context;
            down = context.gemm(false, true, 1, 0);
        }

        @Override
        public boolean readsBase() {
            return false;
        }

        @Override
        public void forward(INDArray x, INDArray base, INDArray y) {
            for (Rows rows : assigned) {
                int from = rows.from();
                while (from < rows.to()) {
                    int size = RowBlocks.size(from, rows.to());
                    add(rows.lora(), x, y, from, size);
                    from += size;
                }
            }
            singleRows.addNoted(x, y);
        }

        private void add(LoRAParametrization lora, INDArray x, INDArray y, int from, int size) {
            add(lora.loraA().value(), lora.loraB().value(), lora.scale(), x, y, from, size);
            LowRankFactors taken = lora.initial();
            if (taken != null) {
                add(taken.a(), taken.b(), -lora.scale(), x, y, from, size);
            }
            Parameter bBias = lora.loraBBias();
            if (bBias != null) {
                addBias(bBias, lora.scale(), blocks.of(y, from, size));
            }
        }

        private void add(INDArray a, INDArray b, double scale, INDArray x, INDArray y, int from, int size) {
            if (size == 1 && SingleRows.reads(a, b)) {
                if (singleRows.isFull()) {
                    singleRows.addNoted(x, y);
                }
                singleRows.note(from, a, b, scale);
                return;
            }
            int rank = Math.toIntExact(a.size(0));
            INDArray u = downs.computeIfAbsent(rank, r -> new BatchBuffer(context.dataType(), r))
                    .rows(size);
            down.run(blocks.of(x, from, size), a, u);
            addUps.computeIfAbsent(scale, s -> context.gemm(false, true, s, 1)).run(u, b, blocks.of(y, from, size));
        }

        private void addBias(Parameter bBias, double scale, INDArray y) {
            addBiases
                    .computeIfAbsent(scale, s -> context.gemm(false, false, s, 1))
                    .run(context.ones(y.size(0)), FlatRow.of(bBias.value()), y);
        }

        @Override
        public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
            throw new UnsupportedOperationException("rows with adapters of their own are for predictions");
        }

        @Override
        public void addInputGradient(INDArray xGradient) {
            throw new UnsupportedOperationException("rows with adapters of their own are for predictions");
        }
    }
}
