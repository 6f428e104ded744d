package org.lora4j.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A {@link Linear} in a {@link Pass}: one product forward, and backward only what somebody needs. */
final class LinearPass implements LayerPass {
    private final EffectiveLinear linear;
    private final List<ParametrizationPass> parametrizations;
    private final boolean readsBase;
    private final boolean trains;
    private final @Nullable INDArray biasRow;
    private final @Nullable INDArray weightGradient;
    private final @Nullable INDArray biasGradientRow;

    private final BatchBuffer outputs;
    private final BatchBuffer bases;
    private final BatchBuffer baseGradients;
    private final BatchBuffer inputGradients;
    private final BatchBuffer ones;

    private final Gemm product = new Gemm(false, true, 1, 0);
    private final Gemm addBias = new Gemm(false, false, 1, 1);
    private final Gemm weightGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm biasGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm inputGradientProduct = new Gemm(false, false, 1, 0);

    private @Nullable INDArray input;
    private @Nullable INDArray base;
    private @Nullable INDArray baseGradient;
    private long onesRows;

    LinearPass(EffectiveLinear linear, PassContext context) {
        this.linear = linear;
        parametrizations = linear.parametrizations().stream()
                .map(parametrization -> parametrization.newPass(context))
                .toList();
        readsBase = parametrizations.stream().anyMatch(ParametrizationPass::readsBase);

        INDArray weight = linear.weight().value();
        Parameter bias = linear.bias();
        biasRow = bias == null ? null : row(bias.value());
        weightGradient = context.gradient(linear.weight());
        INDArray biasGradient = bias == null ? null : context.gradient(bias);
        biasGradientRow = biasGradient == null ? null : row(biasGradient);
        trains = context.isTraining() && linear.parameters().stream().anyMatch(Parameter::isTrainable);

        outputs = new BatchBuffer(context.dataType(), weight.size(0));
        bases = new BatchBuffer(context.dataType(), weight.size(0));
        baseGradients = new BatchBuffer(context.dataType(), weight.size(0));
        inputGradients = new BatchBuffer(context.dataType(), weight.size(1));
        ones = new BatchBuffer(context.dataType(), 1);
    }

    private static INDArray row(INDArray vector) {
        return Nd4j.create(vector.data(), new long[] {1, vector.length()}, new long[] {vector.length(), 1}, 0, 'c');
    }

    /** What this pass was made for. */
    EffectiveLinear linear() {
        return linear;
    }

    @Override
    public boolean trains() {
        return trains;
    }

    @Override
    public INDArray forward(INDArray x) {
        long n = x.size(0);
        INDArray y = outputs.rows(n);
        INDArray xw = readsBase ? bases.rows(n) : y;
        product.run(x, linear.weight().value(), xw);
        if (readsBase) {
            y.assign(xw);
        }
        for (ParametrizationPass parametrization : parametrizations) {
            parametrization.forward(x, xw, y);
        }
        if (biasRow != null) {
            addBias.run(onesColumn(n), biasRow, y);
        }
        input = x;
        base = xw;
        return y;
    }

    @Override
    public void backward(INDArray yGradient) {
        if (input == null || base == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        long n = yGradient.size(0);
        INDArray xwGradient = yGradient;
        if (readsBase) {
            xwGradient = baseGradients.rows(n);
            xwGradient.assign(yGradient);
        }
        for (ParametrizationPass parametrization : parametrizations) {
            parametrization.backward(input, base, yGradient, xwGradient);
        }
        if (weightGradient != null) {
            weightGradientProduct.run(xwGradient, input, weightGradient);
        }
        if (biasGradientRow != null) {
            biasGradientProduct.run(onesColumn(n), yGradient, biasGradientRow);
        }
        baseGradient = xwGradient;
    }

    @Override
    public INDArray inputGradient(INDArray yGradient) {
        if (baseGradient == null) {
            throw new IllegalStateException("inputGradient needs a backward before it");
        }
        INDArray xGradient = inputGradients.rows(yGradient.size(0));
        inputGradientProduct.run(baseGradient, linear.weight().value(), xGradient);
        for (ParametrizationPass parametrization : parametrizations) {
            parametrization.addInputGradient(xGradient);
        }
        return xGradient;
    }

    private INDArray onesColumn(long n) {
        INDArray column = ones.rows(n);
        if (n != onesRows) {
            column.assign(1);
            onesRows = n;
        }
        return column;
    }
}
