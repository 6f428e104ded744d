package org.lora4j;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.ParametrizationPass;
import org.lora4j.nn.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A frozen weight {@code W [out, in]} used as {@code m ∘ V / ‖V‖} with {@code V = W + s·B·A}: magnitude and direction of
 * each output row train apart (DoRA, <a href="https://arxiv.org/abs/2402.09353">arXiv:2402.09353</a>). The norm is that
 * of a row, and the magnitude {@code m [out]} begins as {@code ‖W‖}, so that nothing changes at the start. A, B and m
 * train.
 *
 * <p>With {@code c = m / ‖V‖} the layer computes {@code y = c∘(x·Wᵀ + s·(x·Aᵀ)·Bᵀ) + b}; the bias is not scaled. As in
 * the paper's section 4.3 no gradient flows through the norm. Dropout is PEFT's: with {@code x̃ = drop(x)},
 * {@code y = x·Wᵀ + (c−1)∘(x̃·Wᵀ) + c∘s·(x̃·Aᵀ)·Bᵀ + b}.
 *
 * <p>A row of V that is zero has no direction: there {@code c = 1}, which leaves the row zero and lets B train.
 *
 * <p>The norm of W's rows is computed once. The original must not be written to while it is frozen.
 */
public final class DoRAParametrization implements AdapterParametrization {
    private final Linear linear;
    private final LoRAParametrization lora;
    private final INDArray originalNorms;
    private final Parameter magnitude;

    private DoRAParametrization(Linear linear, LoRAParametrization lora, INDArray originalNorms, INDArray magnitude) {
        this.linear = linear;
        this.lora = lora;
        this.originalNorms = originalNorms;
        this.magnitude = new Parameter(linear.path() + ".lora_magnitude_vector", magnitude, true);
    }

    /**
     * Makes a decoration at its beginning.
     *
     * @throws IllegalArgumentException if the rank does not fit the layer
     */
    static DoRAParametrization create(Linear linear, String name, LoRAConfig config) {
        LoRAParametrization lora = LoRAParametrization.create(linear, name, config);
        INDArray norms = rowNorms(linear.original().value());
        return new DoRAParametrization(linear, lora, norms, norms.dup());
    }

    /** Makes a decoration of given factors and a magnitude, which are copied. */
    static DoRAParametrization of(Linear linear, String name, LoRAConfig config, LoRAWeights weights) {
        INDArray magnitude = weights.magnitude();
        if (magnitude == null) {
            throw new IllegalArgumentException(linear.path() + ": DoRA needs a magnitude, found none");
        }
        return new DoRAParametrization(
                linear,
                LoRAParametrization.of(linear, name, config, weights),
                rowNorms(linear.original().value()),
                magnitude.dup('c'));
    }

    /**
     * Decorates the weight of a layer under the name {@value LoRAParametrization#DEFAULT_NAME}.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param config rank, scale and beginning, with DoRA; its choice of modules is not looked at
     * @return the decoration, enabled
     * @throws IllegalArgumentException if the rank is greater than the width of the input, the layer has a decoration of
     *     this name, or the configuration does not ask for DoRA
     */
    public static DoRAParametrization register(Linear linear, LoRAConfig config) {
        return register(linear, LoRAParametrization.DEFAULT_NAME, config);
    }

    /**
     * Decorates the weight of a layer. A weight can carry several decorations by name; those enabled add up.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param name the name of the decoration on this layer
     * @param config rank, scale and beginning, with DoRA; its choice of modules is not looked at
     * @return the decoration, enabled
     * @throws IllegalArgumentException if the rank is greater than the width of the input, the layer has a decoration of
     *     this name, or the configuration does not ask for DoRA
     */
    public static DoRAParametrization register(Linear linear, String name, LoRAConfig config) {
        if (!config.dora()) {
            throw new IllegalArgumentException(linear.path() + ": DoRA needs dora to be set, found it is not");
        }
        DoRAParametrization dora = create(linear, name, config);
        linear.register(name, dora);
        LoRAParametrization.freeze(linear);
        return dora;
    }

    /**
     * Takes the decoration off its layer, whose weight is the original again. The layer stays frozen.
     *
     * @throws IllegalArgumentException if it is not registered
     */
    public void remove() {
        lora.remove();
    }

    /**
     * Lets the decoration take part or not. While it does not, the layer computes with the original, bit for bit.
     *
     * @param enabled whether ΔW is added
     * @throws IllegalArgumentException if it is not registered
     */
    public void setEnabled(boolean enabled) {
        lora.setEnabled(enabled);
    }

    /**
     * Whether the decoration takes part.
     *
     * @return true if ΔW is added
     * @throws IllegalArgumentException if it is not registered
     */
    public boolean isEnabled() {
        return lora.isEnabled();
    }

    /**
     * The frozen weight, which is never written to.
     *
     * @return {@code W [out, in]}, the array itself
     */
    public INDArray original() {
        return lora.original();
    }

    /**
     * The factor A.
     *
     * @return {@code A [r, in]}
     */
    @Override
    public Parameter loraA() {
        return lora.loraA();
    }

    /**
     * The factor B.
     *
     * @return {@code B [out, r]}
     */
    @Override
    public Parameter loraB() {
        return lora.loraB();
    }

    /**
     * The magnitude of each output row.
     *
     * @return {@code m [out]}
     */
    public Parameter magnitude() {
        return magnitude;
    }

    /**
     * The factor of B·A.
     *
     * @return s = α/r, or α/√r for rsLoRA
     */
    public double scale() {
        return lora.scale();
    }

    /**
     * The rank.
     *
     * @return r
     */
    public int rank() {
        return lora.rank();
    }

    /** The decoration that makes V of W. */
    LoRAParametrization lora() {
        return lora;
    }

    /**
     * Materialises the change of the weight, whether enabled or not.
     *
     * @return {@code ΔW = c∘(W + s·B·A) − W [out, in]}, a new array
     */
    public INDArray delta() {
        return delta(original());
    }

    /**
     * The weight that the layer computes with: {@code W + ΔW} if enabled, with what other enabled decorations add.
     *
     * @return the effective weight {@code [out, in]}, a new array
     */
    public INDArray weight() {
        return lora.weight();
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>(lora.parameters());
        all.add(magnitude);
        return all;
    }

    @Override
    public LoRAWeights weights() {
        LoRAWeights factors = lora.weights();
        return new LoRAWeights(
                factors.loraA(), factors.loraB(), magnitude.value().dup(), null);
    }

    @Override
    public INDArray delta(INDArray original) {
        INDArray v = lora.delta(original).addi(original);
        return v.muliColumnVector(scales(rowNorms(v)).reshape(original.size(0), 1))
                .subi(original);
    }

    private INDArray scales(INDArray norms) {
        INDArray scales = Nd4j.createUninitializedDetached(norms.dataType(), norms.length());
        for (long i = 0; i < norms.length(); i++) {
            scales.putScalar(i, scale(magnitude.value().getDouble(i), norms.getDouble(i)));
        }
        return scales;
    }

    /** {@code c = m / ‖v‖} of a row. */
    static double scale(double magnitude, double norm) {
        return norm == 0 ? 1 : magnitude / norm;
    }

    /** {@code ‖wⱼ‖ [out]} of the rows of a weight that this decorates. */
    INDArray normsOf(Parameter weight) {
        Parameter original = linear.original();
        return weight.equals(original) && !original.isTrainable() ? originalNorms : rowNorms(weight.value());
    }

    private static INDArray rowNorms(INDArray weight) {
        return weight.norm2(1);
    }

    @Override
    public ParametrizationPass newPass(PassContext context) {
        return new DoRAPass(this, context);
    }

    @Override
    public String toString() {
        return linear.path() + ": DoRA(rank " + rank() + ", scale " + scale() + ")";
    }
}
