package org.lora4j;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.BatchBuffer;
import org.lora4j.nn.Gemm;
import org.lora4j.nn.HostColumns;
import org.lora4j.nn.ParametrizationPass;
import org.lora4j.nn.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The factored computation of {@link DoRAParametrization}: that of LoRA, whose output {@code z = x·Wᵀ + s·(x·Aᵀ)·Bᵀ} is
 * scaled by {@code c = m/‖V‖} on the way forward, and whose gradient is on the way back.
 */
final class DoRAPass implements ParametrizationPass {
    private final PassContext context;
    private final INDArray magnitude;
    private final @Nullable INDArray magnitudeGradient;
    private final @Nullable Dropout dropout;
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
    private final Gemm droppedProduct;
    private final Gemm droppedGradientProduct;

    private final HostColumns baseColumns = new HostColumns();
    private final HostColumns zColumns = new HostColumns();
    private final HostColumns yColumns = new HostColumns();
    private final HostColumns gColumns = new HostColumns();
    private final HostColumns zGradientColumns = new HostColumns();
    private final HostColumns baseGradientColumns = new HostColumns();
    private final HostColumns magnitudeColumns = new HostColumns();
    private final HostColumns magnitudeGradientColumns = new HostColumns();
    private final double[] scales;
    private final double[] mGradient;
    private double[] norms;

    /** What A saw in the last forward: x, or what dropout left of it. */
    private @Nullable INDArray seen;

    DoRAPass(DoRAParametrization dora, PassContext context) {
        this.context = context;
        long in = dora.loraA().value().size(1);
        long out = dora.loraB().value().size(0);
        magnitude = dora.magnitude().value();
        magnitudeGradient = context.gradient(dora.magnitude());
        dropout = Dropout.of(context, dora.lora().dropout(), dora.lora().seed(), in);
        if (dropout != null && context.weight().isTrainable()) {
            throw new IllegalStateException(
                    context.weight().name() + ": must be frozen where DoRA trains with dropout, found it is trainable");
        }
        norm = new DoRANorm(dora, context);
        lora = new LoRAPass(dora.lora(), context, null);
        unscaled = context.buffer(out);
        unscaledGradients = context.buffer(out);
        droppedBases = context.buffer(out);
        droppedBaseGradients = context.buffer(out);
        droppedGradients = context.buffer(in);
        droppedProduct = context.gemm(false, true, 1, 0);
        droppedGradientProduct = context.gemm(false, false, 1, 0);
        scales = new double[Math.toIntExact(out)];
        mGradient = new double[scales.length];
        norms = scales;
    }

    @Override
    public boolean readsBase() {
        return dropout == null;
    }

    @Override
    public void forward(INDArray x, INDArray base, INDArray y) {
        long n = x.size(0);
        INDArray change = base;
        seen = x;
        if (dropout != null) {
            seen = dropout.apply(x);
            change = droppedBases.rows(n);
            droppedProduct.run(seen, context.weight().value(), change);
        }
        INDArray z = unscaled.rows(n).assign(change);
        lora.forward(seen, change, z);
        computeScales();
        addScaled(z, change, y);
    }

    private void computeScales() {
        norms = norm.compute();
        magnitudeColumns.of(magnitude).read(0, scales.length, scales);
        for (int j = 0; j < scales.length; j++) {
            scales[j] = DoRAParametrization.scale(scales[j], norms[j]);
        }
    }

    /** {@code y += c∘z − base}. */
    private void addScaled(INDArray z, INDArray base, INDArray y) {
        int n = Math.toIntExact(z.size(0));
        int perBlock = HostColumns.perBlock(n);
        double[] zBlock = zColumns.values(n);
        double[] baseBlock = baseColumns.values(n);
        double[] yBlock = yColumns.values(n);
        zColumns.of(z);
        baseColumns.of(base);
        yColumns.of(y);
        for (int from = 0; from < scales.length; from += perBlock) {
            int count = Math.min(perBlock, scales.length - from);
            zColumns.read(from, count, zBlock);
            baseColumns.read(from, count, baseBlock);
            yColumns.read(from, count, yBlock);
            for (int j = 0; j < count; j++) {
                double c = scales[from + j];
                for (int k = j * n; k < (j + 1) * n; k++) {
                    yBlock[k] += c * zBlock[k] - baseBlock[k];
                }
            }
            yColumns.write(from, count, yBlock);
        }
    }

    @Override
    public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
        if (seen == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        long n = x.size(0);
        INDArray changeGradient = dropout == null ? baseGradient : droppedBaseGradients.rows(n);
        INDArray zGradient = unscaledGradients.rows(n);
        scaleGradient(yGradient, zGradient, changeGradient);
        lora.backward(seen, base, zGradient, changeGradient);
    }

    /**
     * {@code ∂L/∂z = c∘g}, {@code ∂L/∂base = (c−1)∘g} and {@code ∂L/∂m = Σₙ g∘z / ‖V‖}. The base gradient is added to
     * what it holds unless it is that of dropout's own product.
     */
    private void scaleGradient(INDArray g, INDArray zGradient, INDArray baseGradient) {
        int n = Math.toIntExact(g.size(0));
        int perBlock = HostColumns.perBlock(n);
        double[] gBlock = gColumns.values(n);
        double[] zBlock = zColumns.values(n);
        double[] baseBlock = baseGradientColumns.values(n);
        gColumns.of(g);
        zColumns.of(unscaled.rows(n));
        zGradientColumns.of(zGradient);
        baseGradientColumns.of(baseGradient);
        for (int from = 0; from < scales.length; from += perBlock) {
            int count = Math.min(perBlock, scales.length - from);
            gColumns.read(from, count, gBlock);
            zColumns.read(from, count, zBlock);
            if (dropout == null) {
                baseGradientColumns.read(from, count, baseBlock);
            } else {
                Arrays.fill(baseBlock, 0);
            }
            for (int j = 0; j < count; j++) {
                double c = scales[from + j];
                double sum = 0;
                for (int k = j * n; k < (j + 1) * n; k++) {
                    double gradient = gBlock[k];
                    sum += gradient * zBlock[k];
                    gBlock[k] = c * gradient;
                    baseBlock[k] += c * gradient - gradient;
                }
                mGradient[from + j] = norms[from + j] == 0 ? 0 : sum / norms[from + j];
            }
            zGradientColumns.write(from, count, gBlock);
            baseGradientColumns.write(from, count, baseBlock);
        }
        if (magnitudeGradient != null) {
            magnitudeGradientColumns.of(magnitudeGradient).write(0, scales.length, mGradient);
        }
    }

    @Override
    public void addInputGradient(INDArray xGradient) {
        if (dropout == null) {
            lora.addInputGradient(xGradient);
            return;
        }
        long n = xGradient.size(0);
        INDArray dropped = droppedGradients.rows(n);
        droppedGradientProduct.run(
                droppedBaseGradients.rows(n), context.weight().value(), dropped);
        lora.addInputGradient(dropped);
        dropout.addInputGradient(dropped, xGradient);
    }
}
