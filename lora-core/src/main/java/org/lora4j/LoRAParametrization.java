package org.lora4j;

import java.util.List;
import java.util.SplittableRandom;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.Parametrization;
import org.lora4j.nn.ParametrizationPass;
import org.lora4j.nn.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A frozen weight {@code W [out, in]} used as {@code W + s·B·A}, with {@code A [r, in]}, {@code B [out, r]} and
 * {@code s = α/r} (LoRA, <a href="https://arxiv.org/abs/2106.09685">arXiv:2106.09685</a>). Only A and B train.
 *
 * <p>Computing and training use the factored form {@code y = x·Wᵀ + b + s·(x·Aᵀ)·Bᵀ}, which costs {@code r·(in + out)}
 * multiplications a row and forms nothing of the size of W. With {@code g = ∂L/∂y} and {@code u = x·Aᵀ} its gradients
 * are {@code ∂B = s·gᵀ·u}, {@code ∂A = s·(g·B)ᵀ·x} and {@code ∂x = g·W + s·(g·B)·A}.
 */
public final class LoRAParametrization implements Parametrization {
    /** The name under which {@link #register(Linear, LoRAConfig)} registers. */
    public static final String DEFAULT_NAME = "default";

    private static final Logger log = LoggerFactory.getLogger(LoRAParametrization.class);

    private final Linear linear;
    private final String name;
    private final Parameter loraA;
    private final Parameter loraB;
    private final double scale;

    LoRAParametrization(Linear linear, String name, INDArray a, INDArray b, double scale) {
        this.linear = linear;
        this.name = name;
        loraA = new Parameter(linear.path() + ".lora_A.weight", a, true);
        loraB = new Parameter(linear.path() + ".lora_B.weight", b, true);
        this.scale = scale;
    }

    /**
     * Makes a decoration at its beginning: A drawn, B zero, so that ΔW = 0.
     *
     * @throws IllegalArgumentException if the rank does not fit the layer
     */
    static LoRAParametrization create(Linear linear, String name, LoRAConfig config) {
        long in = linear.inputSize();
        if (config.rank() > in) {
            throw new IllegalArgumentException(
                    linear.path() + ": rank must be in [1, " + in + "], found " + config.rank());
        }
        SplittableRandom random =
                new SplittableRandom(config.seed() ^ ((long) linear.path().hashCode() << 32));
        INDArray a = config.init().drawA(random, linear.dataType(), config.rank(), in);
        INDArray b = Nd4j.zeros(linear.dataType(), linear.outputSize(), config.rank());
        return new LoRAParametrization(linear, name, a, b, config.scale());
    }

    /**
     * Decorates the weight of a layer under the name {@value #DEFAULT_NAME}.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param config rank, scale and beginning; its target modules are not looked at
     * @return the decoration, enabled
     * @throws IllegalArgumentException if the rank is greater than the width of the input, or the layer has a
     *     decoration of this name
     */
    public static LoRAParametrization register(Linear linear, LoRAConfig config) {
        return register(linear, DEFAULT_NAME, config);
    }

    /**
     * Decorates the weight of a layer. A weight can carry several decorations by name; those enabled add up.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param name the name of the decoration on this layer
     * @param config rank, scale and beginning; its target modules are not looked at
     * @return the decoration, enabled
     * @throws IllegalArgumentException if the rank is greater than the width of the input, or the layer has a
     *     decoration of this name
     */
    public static LoRAParametrization register(Linear linear, String name, LoRAConfig config) {
        LoRAParametrization lora = create(linear, name, config);
        linear.register(name, lora);
        freeze(linear);
        return lora;
    }

    static void freeze(Linear linear) {
        for (Parameter parameter : linear.parameters()) {
            parameter.setTrainable(false);
            log.debug("{} is frozen", parameter.name());
        }
    }

    /** Takes the decoration off its layer, whose weight is the original again. The layer stays frozen. */
    public void remove() {
        linear.remove(name);
    }

    /**
     * Lets the decoration take part or not. While it does not, the layer computes with the original, bit for bit.
     *
     * @param enabled whether ΔW is added
     */
    public void setEnabled(boolean enabled) {
        linear.setEnabled(name, enabled);
    }

    /**
     * Whether the decoration takes part.
     *
     * @return true if ΔW is added
     */
    public boolean isEnabled() {
        return linear.isEnabled(name);
    }

    /**
     * The frozen weight, which is never written to.
     *
     * @return {@code W [out, in]}, the array itself
     */
    public INDArray original() {
        return linear.original().value();
    }

    /**
     * The factor A.
     *
     * @return {@code A [r, in]}
     */
    public Parameter loraA() {
        return loraA;
    }

    /**
     * The factor B.
     *
     * @return {@code B [out, r]}
     */
    public Parameter loraB() {
        return loraB;
    }

    /**
     * The factor of the delta.
     *
     * @return s = α/r
     */
    public double scale() {
        return scale;
    }

    /**
     * The rank.
     *
     * @return r
     */
    public long rank() {
        return loraA.value().size(0);
    }

    /**
     * Materialises the change of the weight, whether enabled or not.
     *
     * @return {@code ΔW = (B·A)·s [out, in]}, a new array
     */
    public INDArray delta() {
        INDArray a = loraA.value();
        INDArray b = loraB.value();
        INDArray delta =
                Nd4j.createUninitializedDetached(a.dataType(), original().ordering(), b.size(0), a.size(1));
        return Nd4j.gemm(b, a, delta, false, false, 1, 0).muli(scale);
    }

    /**
     * The weight that the layer computes with: {@code W + ΔW} if enabled, with what other enabled decorations add.
     *
     * @return the effective weight {@code [out, in]}, a new array
     */
    public INDArray weight() {
        return linear.weight();
    }

    @Override
    public List<Parameter> parameters() {
        return List.of(loraA, loraB);
    }

    @Override
    public INDArray delta(INDArray original) {
        return delta();
    }

    @Override
    public ParametrizationPass newPass(PassContext context) {
        return new LoRAPass(this, context);
    }

    @Override
    public String toString() {
        return linear.path() + ": LoRA(rank " + rank() + ", scale " + scale + ")";
    }
}
