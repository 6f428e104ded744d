package org.lora4j.update.internal;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.HeapColumns;
import org.lora4j.internal.math.RowNorms;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What DoRA does with an update, of a dense layer or of an embedding: it scales {@code z}, the output of
 * {@code V = W + s·B·A}, by {@code c = m/‖V‖}. The norm is a constant for the gradients.
 */
final class DoRAScaling {
    private final PassContext context;

    /** Whether the loops go along rows, which are contiguous in 'c' order, or along columns. */
    private final boolean byRows;

    private final DoRANorm norm;

    /** {@code z [n, out]}. */
    private final BatchBuffer unscaled;

    /** {@code c∘g [n, out]}, the gradient of z. */
    private final BatchBuffer unscaledGradients;

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

    // The magnitude that this is bound to.
    private LoRAUpdate update;
    private INDArray magnitude;
    private @Nullable Gradient magnitudeGradient;

    DoRAScaling(LoRAUpdate dora, PassContext context) {
        this.context = context;
        byRows = context.order() == 'c';
        update = dora;
        magnitude = magnitude(dora).value();
        scales = new double[Math.toIntExact(magnitude.length())];
        mGradient = new double[scales.length];
        norms = scales;
        norm = new DoRANorm(dora, context);
        unscaled = context.newBuffer(scales.length);
        unscaledGradients = context.newBuffer(scales.length);
        bind(dora);
    }

    void bind(LoRAUpdate dora) {
        update = dora;
        magnitude = magnitude(dora).value();
        magnitudeGradient = context.gradient(magnitude(dora));
        norm.bind(dora);
    }

    private static Parameter magnitude(LoRAUpdate dora) {
        Parameter magnitude = dora.magnitude();
        if (magnitude == null) {
            throw new IllegalArgumentException(dora + ": DoRA needs a magnitude, found none");
        }
        return magnitude;
    }

    /** The buffer of {@code z [n, out]}, which the caller fills before {@link #forward}. */
    INDArray unscaled(long n) {
        return unscaled.rows(n);
    }

    /**
     * Adds {@code c∘z − base} to the output.
     *
     * @param base {@code x·Wᵀ [n, out]}, or the rows of the table
     */
    void forward(INDArray base, INDArray y) {
        computeScales();
        int lines = zColumns.bind(unscaled(y.size(0)), byRows).columns();
        int length = zColumns.rows();
        int perBlock = HeapColumns.perBlock(length);
        double[] zBlock = zColumns.values(length);
        double[] baseBlock = baseColumns.values(length);
        double[] yBlock = yColumns.values(length);
        baseColumns.bind(base, byRows);
        yColumns.bind(y, byRows);
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

    private void computeScales() {
        if (context.isContinued()) {
            return;
        }
        double[] remembered = update.rememberedScales(context.weight());
        if (remembered != null) {
            System.arraycopy(remembered, 0, scales, 0, scales.length);
            return;
        }
        int thaws = update.thaws(context.weight());
        norms = norm.compute();
        magnitudeColumns.bind(magnitude).read(0, scales.length, scales);
        for (int j = 0; j < scales.length; j++) {
            scales[j] = RowNorms.factor(scales[j], norms[j]);
        }
        update.rememberScales(context.weight(), thaws, scales);
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

    /**
     * Computes {@code ∂L/∂base = (c−1)∘g} and {@code ∂L/∂m = Σₙ g∘z / ‖V‖}.
     *
     * @param baseGradient gets the gradient of the base; null if it is not needed
     * @param adds whether that gradient is added to what the array holds, or replaces it
     * @return {@code ∂L/∂z = c∘g}, a buffer
     */
    INDArray backward(INDArray g, @Nullable INDArray baseGradient, boolean adds) {
        INDArray zGradient = unscaledGradients.rows(g.size(0));
        int lines = gColumns.bind(g, byRows).columns();
        int length = gColumns.rows();
        int perBlock = HeapColumns.perBlock(length);
        double[] gBlock = gColumns.values(length);
        double[] zBlock = zColumns.values(length);
        double[] baseBlock = baseGradientColumns.values(length);
        zColumns.bind(unscaled(g.size(0)), byRows);
        zGradientColumns.bind(zGradient, byRows);
        if (baseGradient != null) {
            baseGradientColumns.bind(baseGradient, byRows);
        }
        Arrays.fill(mGradient, 0);
        for (int from = 0; from < lines; from += perBlock) {
            int count = Math.min(perBlock, lines - from);
            gColumns.read(from, count, gBlock);
            zColumns.read(from, count, zBlock);
            if (baseGradient != null && adds) {
                baseGradientColumns.read(from, count, baseBlock);
            } else {
                Arrays.fill(baseBlock, 0);
            }
            for (int j = 0; j < count; j++) {
                if (byRows) {
                    scaleRow(gBlock, zBlock, baseBlock, j * length);
                } else {
                    scaleColumn(from + j, gBlock, zBlock, baseBlock, j * length, length);
                }
            }
            zGradientColumns.write(from, count, gBlock);
            if (baseGradient != null) {
                baseGradientColumns.write(from, count, baseBlock);
            }
        }
        writeMagnitudeGradient();
        return zGradient;
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

    private void writeMagnitudeGradient() {
        if (magnitudeGradient == null) {
            return;
        }
        for (int j = 0; j < mGradient.length; j++) {
            mGradient[j] = norms[j] == 0 ? 0 : mGradient[j] / norms[j];
        }
        if (magnitudeGradient.beginPart()) {
            ArrayMemory before = new ArrayMemory(magnitudeGradient.array());
            for (int j = 0; j < mGradient.length; j++) {
                mGradient[j] += before.get(j);
            }
        }
        magnitudeGradientColumns.bind(magnitudeGradient.array()).write(0, scales.length, mGradient);
    }
}
