package org.lora4j;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.HeapColumns;
import org.lora4j.internal.RowNorms;
import org.lora4j.nn.internal.OutputUpdate;
import org.lora4j.nn.internal.ParametrizationPass;
import org.lora4j.nn.internal.PassContext;
import org.lora4j.nn.internal.ProductContext;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of {@link DoRAParametrization}. It is that of LoRA, with the output
 * {@code z = x·Wᵀ + s·(x·Aᵀ)·Bᵀ} scaled by {@code c = m/‖V‖} in the forward pass, and the gradient scaled by c in the
 * backward pass.
 */
final class DoRAPass implements ParametrizationPass {
    private final PassContext context;

    /** Whether the loops go along rows, which are contiguous in 'c' order, or along columns. */
    private final boolean byRows;

    private final Dropout dropout;
    private final DoRANorm norm;
    private final LoRAPass lora;

    /** {@code z [n, out]}. */
    private final BatchBuffer unscaled;

    /** {@code c∘g [n, out]}, the gradient of z. */
    private final BatchBuffer unscaledGradients;

    // With dropout only: x̃·Wᵀ and its gradient (c−1)∘g, and the gradient of x̃.
    private final BatchBuffer droppedBases;
    private final BatchBuffer droppedBaseGradients;
    private final BatchBuffer droppedGradients;
    private final ProductContext droppedProducts = new ProductContext();

    private final HeapColumns baseColumns = new HeapColumns();
    private final HeapColumns zColumns = new HeapColumns();
    private final HeapColumns yColumns = new HeapColumns();
    private final HeapColumns gColumns = new HeapColumns();
    private final HeapColumns zGradientColumns = new HeapColumns();
    private final HeapColumns baseGradientColumns = new HeapColumns();
    private final HeapColumns magnitudeColumns = new HeapColumns();
    private final HeapColumns magnitudeGradientColumns = new HeapColumns();
    private final double[] scales;
    private final double[] mGradient;
    private double[] norms;

    // The parametrization that this is bound to.
    private INDArray magnitude;
    private @Nullable INDArray magnitudeGradient;
    private boolean drops;

    /** The input of A in the last forward: x, or what dropout left of it. */
    private @Nullable INDArray seen;

    DoRAPass(DoRAParametrization dora, PassContext context) {
        this.context = context;
        byRows = context.order() == 'c';
        DataType type = context.dataType();
        long in = dora.loraA().value().size(1);
        long out = dora.loraB().value().size(0);
        magnitude = dora.magnitude().value();
        dropout = new Dropout(context, in);
        norm = new DoRANorm(dora, context);
        lora = new LoRAPass(dora.lora(), context);
        unscaled = new BatchBuffer(type, out, context.order());
        unscaledGradients = new BatchBuffer(type, out, context.order());
        droppedBases = new BatchBuffer(type, out, context.order());
        droppedBaseGradients = new BatchBuffer(type, out, context.order());
        droppedGradients = new BatchBuffer(type, in, context.order());
        scales = new double[Math.toIntExact(out)];
        mGradient = new double[scales.length];
        norms = scales;
        bind(dora);
    }

    @Override
    public boolean bind(OutputUpdate update) {
        return update instanceof DoRAParametrization dora && bind(dora);
    }

    private boolean bind(DoRAParametrization dora) {
        drops = dropout.configure(dora.lora().dropout(), dora.lora().seed());
        if (drops && context.weight().isTrainable()) {
            throw new IllegalStateException(
                    context.weight().name() + ": must be frozen where DoRA trains with dropout, found it is trainable");
        }
        magnitude = dora.magnitude().value();
        magnitudeGradient = context.gradient(dora.magnitude());
        norm.bind(dora);
        lora.bind(dora.lora(), 0);
        droppedProducts.forget();
        seen = null;
        return true;
    }

    @Override
    public boolean readsBase() {
        return !drops;
    }

    @Override
    public void forward(INDArray x, INDArray base, INDArray y) {
        long n = x.size(0);
        INDArray updated = base;
        seen = x;
        if (drops) {
            seen = dropout.apply(x);
            updated = droppedBases.rows(n);
            context.weight().weight().multiply(droppedProducts, seen, updated);
        }
        INDArray z = unscaled.rows(n).assign(updated);
        lora.forward(seen, updated, z);
        computeScales();
        addScaled(z, updated, y);
    }

    private void computeScales() {
        norms = norm.compute();
        magnitudeColumns.of(magnitude).read(0, scales.length, scales);
        for (int j = 0; j < scales.length; j++) {
            scales[j] = RowNorms.factor(scales[j], norms[j]);
        }
    }

    /** {@code y += c∘z − base}. */
    private void addScaled(INDArray z, INDArray base, INDArray y) {
        int lines = zColumns.of(z, byRows).columns();
        int length = zColumns.rows();
        int perBlock = HeapColumns.perBlock(length);
        double[] zBlock = zColumns.values(length);
        double[] baseBlock = baseColumns.values(length);
        double[] yBlock = yColumns.values(length);
        baseColumns.of(base, byRows);
        yColumns.of(y, byRows);
        for (int from = 0; from < lines; from += perBlock) {
            int count = Math.min(perBlock, lines - from);
            zColumns.read(from, count, zBlock);
            baseColumns.read(from, count, baseBlock);
            yColumns.read(from, count, yBlock);
            for (int j = 0; j < count; j++) {
                if (byRows) {
                    addRow(zBlock, baseBlock, yBlock, j * length);
                } else {
                    addColumn(from + j, zBlock, baseBlock, yBlock, j * length, length);
                }
            }
            yColumns.write(from, count, yBlock);
        }
    }

    private void addColumn(int column, double[] z, double[] base, double[] y, int first, int rows) {
        double c = scales[column];
        for (int k = first; k < first + rows; k++) {
            y[k] += c * z[k] - base[k];
        }
    }

    private void addRow(double[] z, double[] base, double[] y, int first) {
        for (int i = 0; i < scales.length; i++) {
            y[first + i] += scales[i] * z[first + i] - base[first + i];
        }
    }

    @Override
    public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
        if (seen == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        long n = x.size(0);
        INDArray updatedGradient = drops ? droppedBaseGradients.rows(n) : baseGradient;
        INDArray zGradient = unscaledGradients.rows(n);
        scaleGradient(yGradient, zGradient, updatedGradient);
        lora.backward(seen, base, zGradient, updatedGradient);
    }

    /**
     * {@code ∂L/∂z = c∘g}, {@code ∂L/∂base = (c−1)∘g} and {@code ∂L/∂m = Σₙ g∘z / ‖V‖}. Without dropout, the base
     * gradient is added to what the array holds; with dropout, it replaces it.
     */
    private void scaleGradient(INDArray g, INDArray zGradient, INDArray baseGradient) {
        int lines = gColumns.of(g, byRows).columns();
        int length = gColumns.rows();
        int perBlock = HeapColumns.perBlock(length);
        double[] gBlock = gColumns.values(length);
        double[] zBlock = zColumns.values(length);
        double[] baseBlock = baseGradientColumns.values(length);
        zColumns.of(unscaled.rows(g.size(0)), byRows);
        zGradientColumns.of(zGradient, byRows);
        baseGradientColumns.of(baseGradient, byRows);
        Arrays.fill(mGradient, 0);
        for (int from = 0; from < lines; from += perBlock) {
            int count = Math.min(perBlock, lines - from);
            gColumns.read(from, count, gBlock);
            zColumns.read(from, count, zBlock);
            if (drops) {
                Arrays.fill(baseBlock, 0);
            } else {
                baseGradientColumns.read(from, count, baseBlock);
            }
            for (int j = 0; j < count; j++) {
                if (byRows) {
                    scaleRow(gBlock, zBlock, baseBlock, j * length);
                } else {
                    scaleColumn(from + j, gBlock, zBlock, baseBlock, j * length, length);
                }
            }
            zGradientColumns.write(from, count, gBlock);
            baseGradientColumns.write(from, count, baseBlock);
        }
        if (magnitudeGradient != null) {
            for (int j = 0; j < mGradient.length; j++) {
                mGradient[j] = norms[j] == 0 ? 0 : mGradient[j] / norms[j];
            }
            magnitudeGradientColumns.of(magnitudeGradient).write(0, scales.length, mGradient);
        }
    }

    private void scaleColumn(int column, double[] g, double[] z, double[] base, int first, int rows) {
        double c = scales[column];
        double sum = 0;
        for (int k = first; k < first + rows; k++) {
            double gradient = g[k];
            sum += gradient * z[k];
            g[k] = c * gradient;
            base[k] += c * gradient - gradient;
        }
        mGradient[column] = sum;
    }

    private void scaleRow(double[] g, double[] z, double[] base, int first) {
        for (int i = 0; i < scales.length; i++) {
            double gradient = g[first + i];
            double scaled = scales[i] * gradient;
            mGradient[i] += gradient * z[first + i];
            g[first + i] = scaled;
            base[first + i] += scaled - gradient;
        }
    }

    @Override
    public void addInputGradient(INDArray xGradient) {
        if (!drops) {
            lora.addInputGradient(xGradient);
            return;
        }
        long n = xGradient.size(0);
        INDArray dropped = droppedGradients.rows(n);
        context.weight().weight().multiplyTransposed(droppedProducts, droppedBaseGradients.rows(n), dropped, false);
        lora.addInputGradient(dropped);
        dropout.addInputGradient(dropped, xGradient);
    }
}
