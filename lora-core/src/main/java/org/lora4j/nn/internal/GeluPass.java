package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayMemory;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.layer.Gelu;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The GELU. In training it keeps the derivative, in the place of the input where it may. */
final class GeluPass<A> implements LayerPass {
    private final RowMath<A> math;
    private final Scratch scratch;
    private final boolean training;
    private final boolean exact;
    private final @Nullable BatchBuffer outputs;
    private final @Nullable BatchBuffer derivatives;
    private final int width;
    private final A x;
    private final A y;
    private final A slope;
    private @Nullable INDArray derivative;

    GeluPass(Gelu layer, long size, boolean inputIsBuffer, RowMath<A> math, PassResources resources) {
        exact = layer.form() == Gelu.Form.EXACT;
        this.math = math;
        scratch = resources.scratch();
        training = resources.isTraining();
        outputs = training || !inputIsBuffer ? resources.buffers().rows(size) : null;
        derivatives = training && !inputIsBuffer ? resources.buffers().rows(size) : null;
        width = Math.toIntExact(size);
        x = math.array(width);
        y = math.array(width);
        slope = math.array(width);
    }

    @Override
    public INDArray forward(INDArray input) {
        int n = Rows.count(input);
        INDArray output = outputs == null ? input : outputs.rows(n);
        INDArray kept = derivatives == null ? input : derivatives.rows(n);
        ArrayMemory inputs = new ArrayMemory(input);
        ArrayMemory results = new ArrayMemory(output);
        ArrayMemory slopes = new ArrayMemory(kept);
        for (int i = 0; i < n; i++) {
            math.read(inputs, i * width, x, width);
            if (training) {
                computeWithDerivative();
                math.write(slopes, i * width, slope, width);
            } else {
                compute();
            }
            math.write(results, i * width, y, width);
        }
        derivative = kept;
        return output;
    }

    private void compute() {
        if (exact) {
            math.gelu(x, y, width);
        } else {
            math.geluTanh(x, y, width);
        }
    }

    private void computeWithDerivative() {
        if (exact) {
            math.geluWithDerivative(x, y, slope, width);
        } else {
            math.geluTanhWithDerivative(x, y, slope, width);
        }
    }

    @Override
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        if (derivative == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        if (!wantsInput) {
            return null;
        }
        int n = Rows.count(yGradient);
        INDArray xGradient = scratch.take(n, width);
        ArrayMemory gradients = new ArrayMemory(yGradient);
        ArrayMemory slopes = new ArrayMemory(derivative);
        ArrayMemory results = new ArrayMemory(xGradient);
        for (int i = 0; i < n; i++) {
            math.read(gradients, i * width, y, width);
            math.read(slopes, i * width, x, width);
            math.multiply(x, y, width);
            math.write(results, i * width, y, width);
        }
        return xGradient;
    }
}
