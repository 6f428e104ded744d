package org.lora4j;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.RowMath;
import org.lora4j.internal.RowNorms;
import org.lora4j.nn.internal.OutputUpdate;
import org.lora4j.nn.internal.PassContext;
import org.lora4j.nn.internal.TokenUpdatePass;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The factored computation of {@link DoRAParametrization} on an embedding: {@code yᵢ += c∘zᵢ − W[idᵢ]} with
 * {@code zᵢ = W[idᵢ] + s·B·A[:, idᵢ]} and {@code c = m/‖V‖ [dim]}. As in PEFT, dropout does not apply to it, and no gradient
 * flows through the norm.
 */
final class EmbeddingDoRAPass<A> implements TokenUpdatePass {
    private final PassContext context;
    private final RowMath<A> math;
    private final DoRANorm norm;
    private final EmbeddingLoRAPass lora;
    private final int width;

    /** {@code z [n, dim]}. */
    private final BatchBuffer unscaled;

    /** {@code c∘g [n, dim]}, the gradient of z. */
    private final BatchBuffer unscaledGradients;

    /** Holds c, and then the gradient of m, on its way to the heap. */
    private final INDArray vector;

    private final A factors;
    private final A row;
    private final A other;
    private final A sums;
    private double[] norms = new double[0];

    // The parametrization that this is bound to.
    private INDArray magnitude;
    private @Nullable INDArray magnitudeGradient;

    private EmbeddingDoRAPass(DoRAParametrization dora, PassContext context, RowMath<A> math) {
        this.context = context;
        this.math = math;
        magnitude = dora.magnitude().value();
        width = Math.toIntExact(magnitude.length());
        norm = new DoRANorm(dora, context);
        lora = new EmbeddingLoRAPass(dora.lora(), context);
        unscaled = new BatchBuffer(context.dataType(), width, 'c');
        unscaledGradients = new BatchBuffer(context.dataType(), width, 'c');
        vector = Nd4j.createUninitializedDetached(context.dataType(), width);
        factors = math.array(width);
        row = math.array(width);
        other = math.array(width);
        sums = math.array(width);
        bindTo(dora);
    }

    static EmbeddingDoRAPass<?> of(DoRAParametrization dora, PassContext context) {
        return new EmbeddingDoRAPass<>(dora, context, RowMath.of(context.dataType()));
    }

    @Override
    public boolean bind(OutputUpdate update) {
        if (update instanceof DoRAParametrization dora) {
            bindTo(dora);
            return true;
        }
        return false;
    }

    private void bindTo(DoRAParametrization dora) {
        magnitude = dora.magnitude().value();
        magnitudeGradient = context.gradient(dora.magnitude());
        norm.bind(dora);
        boolean isBound = lora.bind(dora.lora());
        if (!isBound) {
            throw new IllegalStateException(dora + ": must have plain factors");
        }
    }

    @Override
    public boolean readsBase() {
        return true;
    }

    @Override
    public void forward(int[] ids, INDArray y) {
        INDArray z = unscaled.rows(ids.length);
        ArrayMemory table = new ArrayMemory(context.weight().value());
        ArrayMemory zRows = new ArrayMemory(z);
        for (int i = 0; i < ids.length; i++) {
            table.copy(ids[i] * width, zRows, i * width, width);
        }
        lora.forward(ids, z);
        computeFactors();
        ArrayMemory yRows = new ArrayMemory(y);
        for (int i = 0; i < ids.length; i++) {
            math.read(yRows, i * width, row, width);
            math.read(zRows, i * width, other, width);
            math.addProduct(factors, other, row, width);
            math.read(table, ids[i] * width, other, width);
            math.addScaled(-1, other, row, width);
            math.write(yRows, i * width, row, width);
        }
    }

    private void computeFactors() {
        norms = norm.compute();
        ArrayMemory m = new ArrayMemory(magnitude);
        ArrayMemory c = new ArrayMemory(vector);
        for (int j = 0; j < width; j++) {
            c.put(j, RowNorms.factor(m.get(j), norms[j]));
        }
        math.read(c, 0, factors, width);
    }

    @Override
    public void backward(int[] ids, INDArray yGradient, @Nullable INDArray baseGradient) {
        INDArray zGradient = unscaledGradients.rows(ids.length);
        ArrayMemory gRows = new ArrayMemory(yGradient);
        ArrayMemory zRows = new ArrayMemory(unscaled.rows(ids.length));
        ArrayMemory zGradientRows = new ArrayMemory(zGradient);
        math.clear(sums, width);
        for (int i = 0; i < ids.length; i++) {
            math.read(gRows, i * width, row, width);
            math.read(zRows, i * width, other, width);
            math.addProduct(row, other, sums, width);
            math.multiply(factors, row, width);
            math.write(zGradientRows, i * width, row, width);
        }
        writeMagnitudeGradient();
        if (baseGradient != null) {
            // The rows of the table are multiplied by c; the gradient of y is there already.
            baseGradient.addi(zGradient).subi(yGradient);
        }
        lora.backward(ids, zGradient, null);
    }

    private void writeMagnitudeGradient() {
        if (magnitudeGradient == null) {
            return;
        }
        ArrayMemory sum = new ArrayMemory(vector);
        math.write(sum, 0, sums, width);
        ArrayMemory gradient = new ArrayMemory(magnitudeGradient);
        for (int j = 0; j < width; j++) {
            gradient.put(j, norms[j] == 0 ? 0 : sum.get(j) / norms[j]);
        }
    }
}
