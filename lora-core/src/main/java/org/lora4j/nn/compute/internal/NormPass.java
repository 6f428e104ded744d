package org.lora4j.nn.compute.internal;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowMath;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.internal.threads.Workers;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The computation of a {@link LayerNorm} or an {@link RMSNorm}. Where it may overwrite the input, it keeps the normalized rows
 * there for the gradient. Else it normalizes the rows again, which costs less than to keep them. For the same reason it computes
 * the output again if the next layer needs it for its gradients.
 */
final class NormPass<A> implements LayerPass {
    private final WeightedLayer layer;
    private final boolean centers;
    private final boolean isZeroCentered;
    private final double epsilon;
    private final boolean inputIsBuffer;
    private final RowMath<A> math;
    private final Scratch scratch;
    private final BatchBuffer outputs;
    private final int width;
    private final Workers<Row<A>> rows;
    private final A gamma;
    private final A beta;
    private final A gammaSum;
    private final A betaSum;
    private double[] factors = new double[0];

    private boolean trains;

    /** Whether all such normalizations write to the same memory. */
    private boolean sharesOutput;

    private @Nullable INDArray input;
    private @Nullable INDArray output;

    /** Whether the output of {@link #input} was computed together with the sum. */
    private boolean isComputed;

    /** What {@link #backward} adds to the gradient of the input, or null. */
    private @Nullable INDArray addend;

    private NormPass(
            WeightedLayer layer,
            boolean centers,
            boolean isZeroCentered,
            double epsilon,
            boolean inputIsBuffer,
            RowMath<A> math,
            PassResources resources) {
        this.layer = layer;
        this.centers = centers;
        this.isZeroCentered = isZeroCentered;
        this.epsilon = epsilon;
        this.inputIsBuffer = inputIsBuffer;
        this.math = math;
        scratch = resources.scratch();
        outputs = resources.buffers().rows(layer.weight().length());
        width = Math.toIntExact(layer.weight().length());
        rows = new Workers<>(() -> new Row<>(math, width));
        gamma = math.array(width);
        beta = math.array(width);
        gammaSum = math.array(width);
        betaSum = math.array(width);
    }

    /** What one thread needs for a row. */
    private static final class Row<A> {
        private final A x;
        private final A y;

        Row(RowMath<A> math, int width) {
            x = math.array(width);
            y = math.array(width);
        }
    }

    static <A> NormPass<A> of(LayerNorm layer, boolean inputIsBuffer, RowMath<A> math, PassResources resources) {
        return new NormPass<>(layer, true, false, layer.epsilon(), inputIsBuffer, math, resources);
    }

    static <A> NormPass<A> of(RMSNorm layer, boolean inputIsBuffer, RowMath<A> math, PassResources resources) {
        return new NormPass<>(layer, false, layer.isZeroCentered(), layer.epsilon(), inputIsBuffer, math, resources);
    }

    @Override
    public void bind(Segments batch) {
        trains = batch.all().stream().anyMatch(segment -> segment.trains(layer));
    }

    @Override
    public boolean trains() {
        return trains;
    }

    /**
     * Says how long the next layer needs the output. If it need not stay, all such normalizations write to the same memory; the
     * input is still there, so the output can be computed again.
     */
    void setOutputUse(InputUse use) {
        sharesOutput = !inputIsBuffer && use != InputUse.KEPT;
    }

    boolean overwritesInput() {
        return inputIsBuffer;
    }

    /** Writes the last output again if other layers may have used its memory since. */
    void restoreOutput(Segments batch) {
        INDArray known = input;
        if (known != null && sharesOutput) {
            compute(batch, known, null, known);
        }
    }

    @Override
    public INDArray forward(Segments batch, INDArray matrix) {
        INDArray known = output;
        if (isComputed && matrix == input && known != null) {
            isComputed = false;
            return known;
        }
        return compute(batch, matrix, null, matrix);
    }

    /** Computes {@code sum = a + b}, and the output for it, which {@link #forward} will return. */
    void addAndNormalize(Segments batch, INDArray a, INDArray b, INDArray sum) {
        compute(batch, a, b, sum);
        isComputed = true;
    }

    private INDArray compute(Segments batch, INDArray a, @Nullable INDArray b, INDArray sum) {
        int n = Math.toIntExact(a.size(0));
        isComputed = false;
        if (factors.length < n) {
            factors = new double[n];
        }
        INDArray result = sharesOutput ? scratch.shared(n, width) : outputs.rows(n);
        for (int s = 0; s < batch.count(); s++) {
            readParameters(batch.get(s));
            compute(batch.start(s), batch.start(s + 1), a, b, sum, result);
        }
        input = sum;
        output = result;
        return result;
    }

    /** Computes the rows {@code [begin, end)}. */
    private void compute(int begin, int end, INDArray a, @Nullable INDArray b, INDArray sum, INDArray result) {
        ArrayMemory first = new ArrayMemory(a);
        ArrayMemory second = b == null ? null : new ArrayMemory(b);
        ArrayMemory sums = new ArrayMemory(sum);
        ArrayMemory results = new ArrayMemory(result);
        rows.runRows(begin, end, nanosPerRow(), (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(first, i * width, row.x, width);
                if (second != null) {
                    math.read(second, i * width, row.y, width);
                    math.add(row.y, row.x, width);
                    if (!inputIsBuffer) {
                        math.write(sums, i * width, row.x, width);
                    }
                }
                factors[i] = normalize(row.x);
                if (inputIsBuffer) {
                    math.write(sums, i * width, row.x, width);
                }
                math.affine(row.x, gamma, beta, row.y, width);
                math.write(results, i * width, row.y, width);
            }
        });
    }

    /** About one and a half nanoseconds for an element. */
    private long nanosPerRow() {
        return width * 3L / 2;
    }

    private void readParameters(Segment segment) {
        EffectiveLinear effective = segment.of(layer);
        math.read(new ArrayMemory(effective.weight().value()), 0, gamma, width);
        if (isZeroCentered) {
            math.shift(1, gamma, width);
        }
        Parameter bias = effective.bias();
        if (bias == null) {
            math.clear(beta, width);
        } else {
            math.read(new ArrayMemory(bias.value()), 0, beta, width);
        }
    }

    private double normalize(A x) {
        return centers ? math.normalize(x, epsilon, width) : math.normalizeScale(x, epsilon, width);
    }

    /** Makes the next {@link #backward} add a matrix to the gradient of the input. */
    void addToInputGradient(INDArray matrix) {
        addend = matrix;
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        if (input == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        INDArray added = addend;
        addend = null;
        if (!wantsInput && !trains()) {
            return null;
        }
        INDArray xGradient = wantsInput ? scratch.take(yGradient.size(0), width) : null;
        for (int s = 0; s < batch.count(); s++) {
            Segment segment = batch.get(s);
            readParameters(segment);
            backward(segment.trains(layer), batch.start(s), batch.start(s + 1), yGradient, added, xGradient);
            writeGradients(segment);
        }
        return xGradient;
    }

    /** The backward of the rows {@code [begin, end)}. */
    private void backward(
            boolean trains,
            int begin,
            int end,
            INDArray yGradient,
            @Nullable INDArray addedGradient,
            @Nullable INDArray xGradient) {
        ArrayMemory added = addedGradient == null ? null : new ArrayMemory(addedGradient);
        ArrayMemory results = xGradient == null ? null : new ArrayMemory(xGradient);
        ArrayMemory given = new ArrayMemory(yGradient);
        ArrayMemory inputs = new ArrayMemory(Objects.requireNonNull(input));
        math.clear(gammaSum, width);
        math.clear(betaSum, width);
        Workers.RowsTask<Row<A>> task = (row, from, to) -> {
            for (int i = from; i < to; i++) {
                math.read(given, i * width, row.y, width);
                math.read(inputs, i * width, row.x, width);
                if (!inputIsBuffer) {
                    normalize(row.x);
                }
                if (trains) {
                    math.addProduct(row.y, row.x, gammaSum, width);
                    math.add(row.y, betaSum, width);
                }
                if (results != null) {
                    math.multiply(gamma, row.y, width);
                    differentiate(row, factors[i]);
                    if (added != null) {
                        math.read(added, i * width, row.x, width);
                        math.add(row.x, row.y, width);
                    }
                    math.write(results, i * width, row.y, width);
                }
            }
        };
        if (trains) {
            // The sums are over all rows, in their order.
            task.run(rows.first(), begin, end);
        } else {
            rows.runRows(begin, end, nanosPerRow(), task);
        }
    }

    private void writeGradients(Segment segment) {
        EffectiveLinear effective = segment.of(layer);
        write(segment.gradients().of(effective.weight()), gammaSum);
        Parameter bias = effective.bias();
        write(bias == null ? null : segment.gradients().of(bias), betaSum);
    }

    private void write(@Nullable Gradient gradient, A sum) {
        if (gradient != null) {
            ArrayMemory memory = new ArrayMemory(gradient.array());
            if (gradient.beginPart()) {
                A known = math.array(width);
                math.read(memory, 0, known, width);
                math.add(known, sum, width);
            }
            math.write(memory, 0, sum, width);
        }
    }

    private void differentiate(Row<A> row, double factor) {
        if (centers) {
            math.normalizeGradient(row.y, row.x, factor, width);
        } else {
            math.normalizeScaleGradient(row.y, row.x, factor, width);
        }
    }
}
