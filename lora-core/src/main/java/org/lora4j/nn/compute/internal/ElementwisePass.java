package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Softcap;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A function of each element: the GELU, or a bound of all values. In training it keeps the derivative, in the place of the input where
 * it may.
 */
final class ElementwisePass<A> implements LayerPass {
    private static final long NANOS_PER_ELEMENT = 1;

    private final Function<A> function;
    private final FunctionWithDerivative<A> withDerivative;
    private final RowMath<A> math;
    private final Scratch scratch;
    private final boolean training;
    private final @Nullable BatchBuffer outputs;
    private final @Nullable BatchBuffer derivatives;
    private final int width;
    private final Workers<Row<A>> rows;
    private @Nullable INDArray derivative;

    /** Sets {@code yᵢ = f(xᵢ)} for the first n elements. */
    private interface Function<A> {
        void compute(A x, A y, int n);
    }

    /** Sets {@code yᵢ = f(xᵢ)} and {@code derivativeᵢ = f′(xᵢ)} for the first n elements, in three different arrays. */
    private interface FunctionWithDerivative<A> {
        void compute(A x, A y, A derivative, int n);
    }

    private ElementwisePass(
            Function<A> function,
            FunctionWithDerivative<A> withDerivative,
            long size,
            boolean inputIsBuffer,
            RowMath<A> math,
            PassResources resources) {
        this.function = function;
        this.withDerivative = withDerivative;
        this.math = math;
        scratch = resources.scratch();
        training = resources.isTraining();
        outputs = training || !inputIsBuffer ? resources.buffers().rows(size) : null;
        derivatives = training && !inputIsBuffer ? resources.buffers().rows(size) : null;
        width = Math.toIntExact(size);
        rows = new Workers<>(() -> new Row<>(math, width));
    }

    static <A> ElementwisePass<A> of(
            Gelu layer, long size, boolean inputIsBuffer, RowMath<A> math, PassResources resources) {
        return layer.form() == Gelu.Form.EXACT
                ? new ElementwisePass<>(math::gelu, math::geluWithDerivative, size, inputIsBuffer, math, resources)
                : new ElementwisePass<>(
                        math::geluTanh, math::geluTanhWithDerivative, size, inputIsBuffer, math, resources);
    }

    static <A> ElementwisePass<A> of(
            Softcap layer, long size, boolean inputIsBuffer, RowMath<A> math, PassResources resources) {
        double bound = layer.bound();
        return new ElementwisePass<>(
                (x, y, n) -> math.softcap(x, y, bound, n),
                (x, y, derivative, n) -> math.softcapWithDerivative(x, y, derivative, bound, n),
                size,
                inputIsBuffer,
                math,
                resources);
    }

    /** What one thread needs for a row. */
    private static final class Row<A> {
        private final A x;
        private final A y;
        private final A slope;

        Row(RowMath<A> math, int width) {
            x = math.array(width);
            y = math.array(width);
            slope = math.array(width);
        }
    }

    @Override
    public INDArray forward(Segments batch, INDArray input) {
        int n = Math.toIntExact(input.size(0));
        INDArray output = outputs == null ? input : outputs.rows(n);
        INDArray kept = derivatives == null ? input : derivatives.rows(n);
        ArrayMemory inputs = new ArrayMemory(input);
        ArrayMemory results = new ArrayMemory(output);
        ArrayMemory slopes = new ArrayMemory(kept);
        rows.runRows(0, n, NANOS_PER_ELEMENT * width, (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(inputs, i * width, row.x, width);
                if (training) {
                    withDerivative.compute(row.x, row.y, row.slope, width);
                    math.write(slopes, i * width, row.slope, width);
                } else {
                    function.compute(row.x, row.y, width);
                }
                math.write(results, i * width, row.y, width);
            }
        });
        derivative = kept;
        return output;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (derivative == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        if (!wantsInput) {
            return null;
        }
        int n = Math.toIntExact(yGradient.size(0));
        INDArray xGradient = scratch.take(n, width);
        ArrayMemory gradients = new ArrayMemory(yGradient);
        ArrayMemory slopes = new ArrayMemory(derivative);
        ArrayMemory results = new ArrayMemory(xGradient);
        rows.runRows(0, n, NANOS_PER_ELEMENT * width, (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(gradients, i * width, row.y, width);
                math.read(slopes, i * width, row.x, width);
                math.multiply(row.x, row.y, width);
                math.write(results, i * width, row.y, width);
            }
        });
        return xGradient;
    }
}
