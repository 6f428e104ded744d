package org.lora4j;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Parameter;
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
 * <p>Computing and training use the factored form {@code y = x·Wᵀ + b + s·(drop(x)·Aᵀ)·Bᵀ}, which costs
 * {@code r·(in + out)} multiplications a row and forms nothing of the size of W. With {@code g = ∂L/∂y} and
 * {@code u = drop(x)·Aᵀ} its gradients are {@code ∂B = s·gᵀ·u}, {@code ∂A = s·(g·B)ᵀ·drop(x)} and
 * {@code ∂x = g·W + drop'(s·(g·B)·A)}.
 *
 * <p>With a beginning that takes from the base (PiSSA, OLoRA) the delta is {@code s·(B·A − B₀·A₀)}. With a bias of B it
 * also adds {@code s·b_B} to the layer's bias.
 */
public final class LoRAParametrization implements AdapterParametrization {
    /** The name under which {@link #register(Linear, LoRAConfig)} registers. */
    public static final String DEFAULT_NAME = "default";

    private static final Logger log = LoggerFactory.getLogger(LoRAParametrization.class);

    private final Linear linear;
    private final String name;
    private final double scale;
    private final double dropout;
    private final long seed;
    private final Parameter loraA;
    private final Parameter loraB;
    private final @Nullable Parameter loraBBias;
    private final @Nullable LowRankFactors initial;

    private LoRAParametrization(
            Linear linear,
            String name,
            LoRAConfig config,
            LowRankFactors factors,
            @Nullable INDArray bBias,
            @Nullable LowRankFactors initial) {
        this.linear = linear;
        this.name = name;
        scale = config.scaleOf(linear.path());
        dropout = config.dropout();
        seed = seed(linear, config);
        loraA = new Parameter(linear.path() + ".lora_A.weight", factors.a(), true);
        loraB = new Parameter(linear.path() + ".lora_B.weight", factors.b(), true);
        loraBBias = bBias == null ? null : new Parameter(linear.path() + ".lora_B.bias", bBias, true);
        this.initial = initial;
    }

    /**
     * Makes a decoration at its beginning.
     *
     * @throws IllegalArgumentException if the rank does not fit the layer
     */
    static LoRAParametrization create(Linear linear, String name, LoRAConfig config) {
        int rank = config.rankOf(linear.path());
        long maxRank = config.init().maxRank(linear.inputSize(), linear.outputSize());
        if (rank > maxRank) {
            throw new IllegalArgumentException(linear.path() + ": rank must be in [1, " + maxRank + "], found " + rank);
        }
        LowRankFactors begin = begin(linear, config);
        LowRankFactors factors = copy(begin.b(), begin.a());
        INDArray bBias = config.loraBias() ? Nd4j.zeros(linear.dataType(), linear.outputSize()) : null;
        LowRankFactors initial = config.init().changesBase() ? copy(factors.b(), factors.a()) : null;
        return new LoRAParametrization(linear, name, config, factors, bBias, initial);
    }

    /** Makes a decoration of given factors, which are copied. */
    static LoRAParametrization of(Linear linear, String name, LoRAConfig config, LoRAWeights weights) {
        INDArray bBias = weights.loraBBias();
        return new LoRAParametrization(
                linear,
                name,
                config,
                copy(weights.loraB(), weights.loraA()),
                bBias == null ? null : bBias.dup('c'),
                null);
    }

    /** Rows of A and columns of B in one piece each: what a product of few rows reads fastest. */
    private static LowRankFactors copy(INDArray b, INDArray a) {
        return new LowRankFactors(b.dup('f'), a.dup('c'));
    }

    /** The beginning of A and B on a layer. */
    static LowRankFactors begin(Linear linear, LoRAConfig config) {
        return config.init()
                .begin(
                        new SplittableRandom(seed(linear, config)),
                        linear.original().value(),
                        config.rankOf(linear.path()),
                        config.scaleOf(linear.path()));
    }

    private static long seed(Linear linear, LoRAConfig config) {
        return config.seed() ^ ((long) linear.path().hashCode() << 32);
    }

    /**
     * Decorates the weight of a layer under the name {@value #DEFAULT_NAME}.
     *
     * @param linear the layer; its weight and bias are frozen from here on
     * @param config rank, scale and beginning; its choice of modules is not looked at
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
     * @param config rank, scale and beginning; its choice of modules is not looked at
     * @return the decoration, enabled
     * @throws IllegalArgumentException if the rank is greater than the width of the input, the layer has a
     *     decoration of this name, or the configuration asks for DoRA
     */
    public static LoRAParametrization register(Linear linear, String name, LoRAConfig config) {
        if (config.dora()) {
            throw new IllegalArgumentException(linear.path() + ": DoRA is a DoRAParametrization, found dora set");
        }
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

    /**
     * Takes the decoration off its layer, whose weight is the original again. The layer stays frozen.
     *
     * @throws IllegalArgumentException if it is not registered
     */
    public void remove() {
        linear.remove(name);
    }

    /**
     * Lets the decoration take part or not. While it does not, the layer computes with the original, bit for bit.
     *
     * @param enabled whether ΔW is added
     * @throws IllegalArgumentException if it is not registered
     */
    public void setEnabled(boolean enabled) {
        linear.setEnabled(name, enabled);
    }

    /**
     * Whether the decoration takes part.
     *
     * @return true if ΔW is added
     * @throws IllegalArgumentException if it is not registered
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
    @Override
    public Parameter loraA() {
        return loraA;
    }

    /**
     * The factor B.
     *
     * @return {@code B [out, r]}
     */
    @Override
    public Parameter loraB() {
        return loraB;
    }

    /**
     * The bias of B.
     *
     * @return {@code b_B [out]}, or null if it has none
     */
    public @Nullable Parameter loraBBias() {
        return loraBBias;
    }

    /**
     * The factor of the delta.
     *
     * @return s = α/r, or α/√r for rsLoRA
     */
    public double scale() {
        return scale;
    }

    /**
     * The rank.
     *
     * @return r
     */
    public int rank() {
        return Math.toIntExact(loraA.value().size(0));
    }

    /**
     * What the base gave up at the beginning.
     *
     * @return {@code B₀} and {@code A₀}, or null if it gave up nothing
     */
    @Nullable
    LowRankFactors initial() {
        return initial;
    }

    double dropout() {
        return dropout;
    }

    long seed() {
        return seed;
    }

    /**
     * Materialises the change of the weight, whether enabled or not.
     *
     * @return {@code ΔW = (B·A)·s [out, in]}, a new array
     */
    public INDArray delta() {
        INDArray product = product(loraB.value(), loraA.value());
        if (initial != null) {
            product.subi(product(initial.b(), initial.a()));
        }
        return product.muli(scale);
    }

    private INDArray product(INDArray b, INDArray a) {
        INDArray result =
                Nd4j.createUninitializedDetached(a.dataType(), original().ordering(), b.size(0), a.size(1));
        return Nd4j.gemm(b, a, result, false, false, 1, 0);
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
        List<Parameter> all = new ArrayList<>(List.of(loraA, loraB));
        if (loraBBias != null) {
            all.add(loraBBias);
        }
        return all;
    }

    @Override
    public LoRAWeights weights() {
        INDArray a = loraA.value();
        INDArray b = loraB.value();
        INDArray bBias = loraBBias == null ? null : loraBBias.value().dup();
        return initial == null
                ? new LoRAWeights(a.dup('c'), b.dup('c'), null, bBias)
                // s·(B·A − B₀·A₀) = s·[B, −B₀]·[A; A₀]: an ordinary adapter of twice the rank.
                : new LoRAWeights(
                        Nd4j.concat(0, a, initial.a()),
                        Nd4j.concat(1, b, initial.b().neg()),
                        null,
                        bBias);
    }

    @Override
    public INDArray delta(INDArray original) {
        return delta();
    }

    @Override
    public @Nullable INDArray biasDelta() {
        return loraBBias == null ? null : loraBBias.value().mul(scale);
    }

    @Override
    public ParametrizationPass newPass(PassContext context) {
        return new LoRAPass(
                this, context, Dropout.of(context, dropout, seed, original().size(1)));
    }

    @Override
    public String toString() {
        return linear.path() + ": LoRA(rank " + rank() + ", scale " + scale + ")";
    }
}
