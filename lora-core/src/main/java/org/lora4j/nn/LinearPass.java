package org.lora4j.nn;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A {@link Linear} in a {@link Pass}: one product forward, and backward only what somebody needs. */
final class LinearPass implements LayerPass {
    private final LinearResources resources;
    private final BatchBuffer outputs;
    private final BatchBuffer inputGradients;
    private final WeightProduct product;
    private final Gemm addBias = new Gemm(false, false, 1, 1);
    private final Gemm weightGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm biasGradientProduct = new Gemm(true, false, 1, 0);
    private final Gemm inputGradientProduct = new Gemm(false, false, 1, 0);

    // What the layer computes with now.
    private @Nullable EffectiveLinear linear;
    private INDArray weight;
    private @Nullable INDArray biasRow;
    private @Nullable INDArray weightGradient;
    private @Nullable INDArray biasGradientRow;
    private List<ParametrizationPass> parametrizations = List.of();
    private @Nullable BatchBuffer bases;
    private @Nullable BatchBuffer baseGradients;
    private List<Parameter> trainable = List.of();

    // What the last call leaves for the next.
    private @Nullable INDArray input;
    private @Nullable INDArray base;
    private @Nullable INDArray baseGradient;

    LinearPass(Linear layer, DataType dataType, Gradients gradients, PassStep step) {
        resources = new LinearResources(layer.original(), gradients, step);
        outputs = new BatchBuffer(dataType, layer.outputSize());
        inputGradients = new BatchBuffer(dataType, layer.inputSize());
        weight = layer.original().value();
        product = new WeightProduct(weight);
    }

    /** Turns to other arrays or decorations; answers whether anything changed. */
    boolean use(EffectiveLinear wanted) {
        if (wanted.equals(linear)) {
            return false;
        }
        resources.begin(wanted.weight());
        weight = wanted.weight().value();
        Parameter bias = wanted.bias();
        biasRow = bias == null ? null : row(bias.value(), biasRow);
        weightGradient = resources.gradient(wanted.weight());
        INDArray biasGradient = bias == null ? null : resources.gradient(bias);
        biasGradientRow = biasGradient == null ? null : row(biasGradient, biasGradientRow);
        parametrizations = wanted.parametrizations().stream()
                .map(parametrization -> parametrization.newPass(resources))
                .toList();
        product.use(weight, resources.further());
        boolean readsBase = parametrizations.stream().anyMatch(ParametrizationPass::readsBase);
        bases = readsBase ? resources.buffer(weight.size(0)) : null;
        baseGradients = readsBase ? resources.buffer(weight.size(0)) : null;
        trainable = wanted.parameters().stream()
                .filter(parameter -> resources.gradient(parameter) != null)
                .toList();
        linear = wanted;
        input = null;
        return true;
    }

    private static INDArray row(INDArray vector, @Nullable INDArray former) {
        if (former != null && former.data() == vector.data()) {
            return former;
        }
        return FlatRow.of(vector);
    }

    @Override
    public List<Parameter> trainable() {
        return trainable;
    }

    @Override
    public INDArray forward(INDArray x) {
        long n = x.size(0);
        INDArray y = outputs.rows(n);
        INDArray xw = bases == null ? y : bases.rows(n);
        product.run(x, xw);
        if (bases != null) {
            y.assign(xw);
        }
        for (ParametrizationPass parametrization : parametrizations) {
            parametrization.forward(x, xw, y);
        }
        if (biasRow != null) {
            addBias.run(resources.ones(n), biasRow, y);
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
        if (baseGradients != null) {
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
            biasGradientProduct.run(resources.ones(n), yGradient, biasGradientRow);
        }
        baseGradient = xwGradient;
    }

    @Override
    public INDArray inputGradient(INDArray yGradient) {
        if (baseGradient == null) {
            throw new IllegalStateException("inputGradient needs a backward before it");
        }
        INDArray xGradient = inputGradients.rows(yGradient.size(0));
        inputGradientProduct.run(baseGradient, weight, xGradient);
        for (ParametrizationPass parametrization : parametrizations) {
            parametrization.addInputGradient(xGradient);
        }
        return xGradient;
    }
}
