package org.lora4j.update.internal;

import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.math.HeapColumns;
import org.lora4j.internal.math.RowNorms;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.weight.internal.Gemm;
import org.lora4j.nn.weight.internal.ProductContext;
import org.lora4j.nn.weight.internal.Weight;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The norms of the rows of {@code V = W + s·B·A}, without V:
 * {@code ‖vⱼ‖² = ‖wⱼ‖² + 2s·bⱼ·(A·wⱼ) + s²·bⱼ·(A·Aᵀ)·bⱼ = ‖wⱼ‖² + 2s·bⱼ·pⱼ} with
 * {@code P = A·Wᵀ + s/2·(A·Aᵀ)·Bᵀ [r, out]}. Only {@code A·Wᵀ} costs more than {@code r·r·(in + out)}.
 *
 * <p>In a training the layer computes {@code A·Wᵀ} together with the batch's product. A prediction computes it by itself, so
 * that the norms depend on the weights alone: not on the rows of the batch, nor on whether the adapter can train.
 */
final class DoRANorm {
    /** Below this share of the sum of the absolute terms, too much of the result is rounding error. */
    private static final double CANCELLED = 1.0 / 64;

    private final PassContext context;
    private final BatchBuffer.ByWidth grams;
    private final BatchBuffer.ByWidth products;
    private final ProductContext ownProduct = new ProductContext();
    private final Gemm gramProduct = new Gemm(false, true, 1, 0);
    private final Gemm addGram = new Gemm(false, true, 1, 1);
    private final HeapColumns originalColumns = new HeapColumns();
    private final HeapColumns bColumns = new HeapColumns();
    private final HeapColumns pColumns = new HeapColumns();
    private final double[] norms;
    private final int out;

    // The update that this is bound to.
    private LoRAUpdate dora;
    private INDArray a;
    private INDArray b;
    private INDArray p;
    private boolean isRequested;
    private int rank;
    private int perBlock;
    private double[] bBlock = new double[0];
    private double[] pBlock = new double[0];

    DoRANorm(LoRAUpdate dora, PassContext context) {
        this.dora = dora;
        this.context = context;
        a = dora.a();
        b = dora.b();
        out = Math.toIntExact(b.size(0));
        norms = new double[out];
        grams = new BatchBuffer.ByWidth(context.dataType());
        products = new BatchBuffer.ByWidth(context.dataType(), context.order());
        p = products.rows(dora.rank(), out);
    }

    /** Binds this to an update of the same layer, and requests {@code A·Wᵀ} if a training needs it for each batch. */
    void bind(LoRAUpdate update) {
        dora = update;
        a = dora.a();
        b = dora.b();
        rank = dora.rank();
        p = products.rows(rank, out);
        // The factors of a frozen update are computed once.
        isRequested = context.isTraining() && !dora.isOfEmbedding() && !dora.isFrozen(context.weight());
        if (isRequested) {
            context.requestWeightProduct(a, p);
        }
        addGram.configure(false, true, dora.scale() / 2, 1);
        perBlock = HeapColumns.perBlock(rank);
        if (bBlock.length < perBlock * rank) {
            bBlock = new double[perBlock * rank];
            pBlock = new double[perBlock * rank];
        }
    }

    /** Computes {@code ‖vⱼ‖}, rounded to the type of the weight; the array is this object's own. */
    double[] compute() {
        Weight weight = context.weight().weight();
        if (dora.isOfEmbedding()) {
            weight.multiplyTransposed(ownProduct, a, p, false);
        } else if (!isRequested) {
            weight.multiply(ownProduct, a, p);
        }
        INDArray gram = grams.rows(rank, rank);
        gramProduct.run(a, a, gram);
        addGram.run(gram, b, p);
        originalColumns
                .bind(dora.isOfEmbedding() ? weight.columnNorms() : weight.rowNorms())
                .read(0, out, norms);
        bColumns.bindTranspose(b);
        pColumns.bind(p);
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
        double sum = 0;
        double absolute = 0;
        for (int k = offset; k < offset + rank; k++) {
            double term = bBlock[k] * pBlock[k];
            sum += term;
            absolute += Math.abs(term);
        }
        double scale = 2 * dora.scale();
        double square = original + scale * sum;
        return square < CANCELLED * (original + Math.abs(scale) * absolute) ? materialize(row) : Math.sqrt(square);
    }

    private double materialize(int row) {
        INDArray v = new LoRAWeights(a, b.getRow(row, true).dup('f'))
                .update(dora.scale())
                .addi(line(row));
        return RowNorms.of(v).getDouble(0);
    }

    /** {@code wⱼ [1, in]}: a row of the weight, or a column of the table of an embedding. */
    private INDArray line(int j) {
        Weight weight = context.weight().weight();
        return dora.isOfEmbedding()
                ? weight.matrix().column(j)
                : weight.matrix().row(j);
    }
}
