package org.lora4j;

import org.lora4j.nn.Gemm;
import org.lora4j.nn.HostColumns;
import org.lora4j.nn.PassContext;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The norms of the rows of {@code V = W + s·B·A}, without V:
 * {@code ‖vⱼ‖² = ‖wⱼ‖² + 2s·bⱼ·(A·wⱼ) + s²·bⱼ·(A·Aᵀ)·bⱼ = ‖wⱼ‖² + 2s·bⱼ·pⱼ} with
 * {@code P = A·Wᵀ + s/2·(A·Aᵀ)·Bᵀ [r, out]}. Only {@code A·Wᵀ} costs more than {@code r·r·(in + out)}, and the layer
 * computes it together with the batch's product.
 */
final class DoRANorm {
    /** Where so little is left of the sum of the terms, rounding has eaten too much of it. */
    private static final double CANCELLED = 1.0 / 64;

    private final DoRAParametrization dora;
    private final PassContext context;
    private final INDArray a;
    private final INDArray b;
    private final INDArray gram;
    private final INDArray p;
    private final Gemm gramProduct;
    private final Gemm addGram;
    private final HostColumns originalColumns = new HostColumns();
    private final HostColumns bColumns = new HostColumns();
    private final HostColumns pColumns = new HostColumns();
    private final int out;
    private final int rank;
    private final int perBlock;
    private final double[] bBlock;
    private final double[] pBlock;
    private final double[] norms;

    DoRANorm(DoRAParametrization dora, PassContext context) {
        this.dora = dora;
        this.context = context;
        a = dora.loraA().value();
        b = dora.loraB().value();
        out = Math.toIntExact(b.size(0));
        rank = dora.rank();
        gram = context.buffer(rank).rows(rank);
        p = context.weightProduct(a);
        gramProduct = context.gemm(false, true, 1, 0);
        addGram = context.gemm(false, true, dora.scale() / 2, 1);
        perBlock = HostColumns.perBlock(rank);
        bBlock = new double[perBlock * rank];
        pBlock = new double[perBlock * rank];
        norms = new double[out];
    }

    /** Computes {@code ‖vⱼ‖}, rounded to the type of the weight; the array is this object's own. */
    double[] compute() {
        gramProduct.run(a, a, gram);
        addGram.run(gram, b, p);
        originalColumns.of(dora.normsOf(context.weight())).read(0, out, norms);
        bColumns.ofTranspose(b);
        pColumns.of(p);
        boolean isFloat = context.dataType() == DataType.FLOAT;
        for (int from = 0; from < out; from += perBlock) {
            int count = Math.min(perBlock, out - from);
            bColumns.read(from, count, bBlock);
            pColumns.read(from, count, pBlock);
            for (int j = 0; j < count; j++) {
                double norm = norm(from + j, j * rank);
                norms[from + j] = isFloat ? (float) norm : norm;
            }
        }
        return norms;
    }

    private double norm(int row, int offset) {
        double original = norms[row] * norms[row];
        double change = 0;
        double absolute = 0;
        for (int k = offset; k < offset + rank; k++) {
            double term = bBlock[k] * pBlock[k];
            change += term;
            absolute += Math.abs(term);
        }
        double scale = 2 * dora.scale();
        double square = original + scale * change;
        return square < CANCELLED * (original + scale * absolute) ? materialize(row) : Math.sqrt(square);
    }

    private double materialize(int row) {
        return b.getRow(row, true)
                .mmul(a)
                .muli(dora.scale())
                .addi(context.weight().value().getRow(row, true))
                .norm2Number()
                .doubleValue();
    }
}
