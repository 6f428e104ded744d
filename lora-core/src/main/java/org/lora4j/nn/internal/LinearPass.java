package org.lora4j.nn.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayBits;
import org.lora4j.internal.BatchBuffer;
import org.lora4j.internal.FlatRow;
import org.lora4j.internal.Gemm;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of a {@link Linear}: one product forward, and backward only what is needed. */
final class LinearPass implements LayerPass {
    private final LinearContext context;
    private final Linear layer;
    private final Scratch scratch;
    private final Gradients gradients;
    private final BatchBuffer outputs;

    private final WeightProduct product;
    private final Gemm addBias = new Gemm(false, false, 1, 1);
    private final Gemm biasGradientProduct = new Gemm(true, false, 1, 0);
    private final BatchBuffer bases;
    private final BatchBuffer baseGradients;

    // What the layer computes with now.
    private @Nullable EffectiveLinear linear;
    private @Nullable INDArray biasRow;
    private @Nullable WeightGradient weightGradient;
    private @Nullable INDArray biasGradientRow;
    private final UpdatePasses<OutputUpdatePass> updates;
    private final List<WeightUpdatePass> weightUpdates = new ArrayList<>();
    private boolean readsBase;
    private List<Parameter> trainable = List.of();

    // What forward and backward keep for the calls after them.
    private @Nullable INDArray input;
    private @Nullable INDArray output;
    private @Nullable INDArray base;

    LinearPass(Linear layer, PassResources resources) {
        this.layer = layer;
        gradients = resources.gradients();
        context = new LinearContext(layer.weightParameter(), resources);
        updates = new UpdatePasses<>(OutputUpdatePass::bind, update -> update.newPass(context));
        scratch = resources.scratch();
        DataType dataType = resources.dataType();
        outputs = new BatchBuffer(dataType, layer.outputSize(), resources.order());
        bases = new BatchBuffer(dataType, layer.outputSize(), resources.order());
        baseGradients = new BatchBuffer(dataType, layer.outputSize(), resources.order());
        product = new WeightProduct(layer.weightParameter().weight());
    }

    @Override
    public boolean use(EffectiveLayers effective) {
        EffectiveLinear wanted = effective.of(layer);
        if (wanted.equals(linear)) {
            return false;
        }
        // Whatever fails on the way, the next call binds anew.
        linear = null;
        context.begin(wanted.weight());
        Parameter bias = wanted.bias();
        biasRow = bias == null ? null : row(bias.value(), biasRow);
        weightGradient = gradients.ofWeight(wanted.weight());
        INDArray biasGradient = bias == null ? null : context.gradient(bias);
        biasGradientRow = biasGradient == null ? null : row(biasGradient, biasGradientRow);
        updates.bind(wanted.updates());
        weightUpdates.clear();
        for (OutputUpdatePass update : updates.bound()) {
            if (update instanceof WeightUpdatePass weightUpdate) {
                weightUpdates.add(weightUpdate);
            }
        }
        product.use(wanted.weight().weight(), context.requested());
        readsBase = updates.bound().stream().anyMatch(OutputUpdatePass::readsBase);
        trainable = wanted.parameters().stream()
                .filter(parameter -> context.gradient(parameter) != null)
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
        INDArray xw = readsBase ? bases.rows(n) : y;
        multiply(x, xw);
        if (readsBase) {
            y.assign(xw);
        }
        addUpdates(x, xw, y);
        addBias(y);
        for (OutputUpdatePass update : updates.bound()) {
            update.finish(x, y);
        }
        output = y;
        return y;
    }

    /** Computes {@code x·Wᵀ}, and what the updates requested beside it. */
    void multiply(INDArray x, INDArray xw) {
        product.run(x, xw);
    }

    /** Adds the updates to the product with the weight. */
    void addUpdates(INDArray x, INDArray xw, INDArray y) {
        for (OutputUpdatePass update : updates.bound()) {
            update.forward(x, xw, y);
        }
        input = x;
        base = xw;
    }

    /** Adds the bias if there is one. */
    void addBias(INDArray y) {
        if (biasRow != null) {
            addBias.run(context.ones(y.size(0)), biasRow, y);
        }
    }

    String path() {
        return layer.path();
    }

    /** Whether the last output of the layer holds neither NaN nor an infinity. */
    boolean isFinite() {
        return output == null || ArrayBits.isFinite(output);
    }

    /** What the layer computes with now. */
    EffectiveLinear effective() {
        if (linear == null) {
            throw new IllegalStateException("use must be called before");
        }
        return linear;
    }

    @Override
    public List<Parameter> parameters() {
        return effective().parameters();
    }

    /** Whether an update needs {@code x·Wᵀ} by itself. */
    boolean readsBase() {
        return readsBase;
    }

    /** The products that the updates requested beside that of the batch. */
    List<WeightProduct.Further> requested() {
        return context.requested();
    }

    @Override
    public @Nullable INDArray backward(INDArray yGradient, boolean wantsInput) {
        INDArray xGradient = wantsInput ? scratch.take(yGradient.size(0), layer.inputSize()) : null;
        backward(yGradient, xGradient, false);
        return xGradient;
    }

    /**
     * Computes the gradients of the parameters, and that of the input.
     *
     * @param xGradient gets {@code ∂L/∂x [n, in]}; null if it is not needed
     * @param adds whether the gradient of the input is added to what is there
     */
    void backward(INDArray yGradient, @Nullable INDArray xGradient, boolean adds) {
        INDArray xwGradient = yGradient;
        if (readsBase) {
            xwGradient = baseGradients.rows(yGradient.size(0));
            xwGradient.assign(yGradient);
        }
        computeGradients(yGradient, xwGradient);
        if (xGradient != null) {
            product.runTransposed(xwGradient, xGradient, adds);
            addInputGradients(xGradient);
        }
    }

    /**
     * Computes the gradients of the parameters.
     *
     * @param xwGradient holds the gradient of y; gets that of {@code x·Wᵀ}
     */
    void computeGradients(INDArray yGradient, INDArray xwGradient) {
        if (input == null || base == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        for (WeightUpdatePass weightUpdate : weightUpdates) {
            weightUpdate.backward(input, base, yGradient, xwGradient);
        }
        if (weightGradient != null) {
            weightGradient.set(xwGradient, input);
        }
        if (biasGradientRow != null) {
            biasGradientProduct.run(context.ones(yGradient.size(0)), yGradient, biasGradientRow);
        }
    }

    /** Computes the part of the input's gradient that flows through W. */
    void multiplyGradient(INDArray xwGradient, INDArray xGradient) {
        product.runTransposed(xwGradient, xGradient, false);
    }

    /** Adds the parts of the input's gradient that flow through the updates. */
    void addInputGradients(INDArray xGradient) {
        for (WeightUpdatePass weightUpdate : weightUpdates) {
            weightUpdate.addInputGradient(xGradient);
        }
    }
}
