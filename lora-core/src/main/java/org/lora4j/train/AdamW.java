package org.lora4j.train;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, <a href="https://arxiv.org/abs/1711.05101">arXiv:1711.05101</a>),
 * computed as in PyTorch: {@code p ← p − lr·λ·p − lr·m̂/(√v̂ + ε)} with {@code m ← β₁m + (1−β₁)g},
 * {@code v ← β₂v + (1−β₂)g²}, {@code m̂ = m/(1−β₁ᵗ)} and {@code v̂ = v/(1−β₂ᵗ)}. The decay is no part of the gradient, so v
 * does not scale it.
 *
 * <pre>{@code
 * Trainer.builder(view).updater(new AdamW(2e-3, 0.01))
 * }</pre>
 *
 * <p>Only matrices decay, see {@link #decays}. Biases, the weights of layer normalizations and DoRA's magnitudes do not, other than in
 * PyTorch if all parameters are in one group; {@link #decayingAll} does the same. For another λ in some matrices, set an updater of their own with {@link Trainer.Builder#updater(java.util.function.Predicate,
 * IUpdater)}.
 *
 * <p>It is a setting for a {@link Trainer}. ND4J's own networks cannot use it, because ND4J's updaters do not see the
 * parameters.
 */
public final class AdamW implements IUpdater {
    private static final long serialVersionUID = 1L;

    /** Everything but the decay. */
    private final Adam adam;

    /** λ, at least 0. */
    private final double weightDecay;

    /** Whether vectors decay too. */
    private final boolean decaysAll;

    /**
     * Creates the setting with β₁ = 0.9, β₂ = 0.999 and ε = 1e-8.
     *
     * @param learningRate the learning rate lr
     * @param weightDecay λ, not negative; PyTorch's default is 0.01
     * @throws IllegalArgumentException if λ is negative or not finite
     */
    public AdamW(double learningRate, double weightDecay) {
        this(new Adam(learningRate), weightDecay);
    }

    /**
     * Creates the setting with a schedule, which the decay follows too, and with β₁ = 0.9, β₂ = 0.999 and ε = 1e-8.
     *
     * @param learningRate the learning rate lr of each step, such as a {@link LinearWarmupSchedule}
     * @param weightDecay λ, not negative; PyTorch's default is 0.01
     * @throws IllegalArgumentException if λ is negative or not finite
     */
    public AdamW(ISchedule learningRate, double weightDecay) {
        this(new Adam(Objects.requireNonNull(learningRate, "learningRate must not be null")), weightDecay);
    }

    /**
     * Creates the setting with all numbers of Adam.
     *
     * @param adam lr or its schedule, β₁, β₂ and ε; copied
     * @param weightDecay λ, not negative; PyTorch's default is 0.01
     * @throws IllegalArgumentException if λ is negative or not finite
     */
    public AdamW(Adam adam, double weightDecay) {
        this(adam, weightDecay, false);
    }

    private AdamW(Adam adam, double weightDecay, boolean decaysAll) {
        Objects.requireNonNull(adam, "adam must not be null");
        if (!(weightDecay >= 0) || !Double.isFinite(weightDecay)) {
            throw new IllegalArgumentException("weightDecay must not be negative, found " + weightDecay);
        }
        this.adam = adam.clone();
        this.weightDecay = weightDecay;
        this.decaysAll = decaysAll;
    }

    /**
     * Returns the same setting with which vectors decay too: what {@code torch.optim.AdamW(model.parameters())} computes.
     *
     * @return the setting
     */
    public AdamW decayingAll() {
        return new AdamW(adam, weightDecay, true);
    }

    /**
     * Returns whether the decay applies to a parameter: if it is a matrix, or with {@link #decayingAll}. A matrix is the weight of a
     * linear layer, an embedding, or a factor A or B.
     *
     * @param parameter the parameter
     * @return false for a vector, if only matrices decay: a bias, the weight of a layer normalization, DoRA's magnitude
     */
    public boolean decays(Parameter parameter) {
        Objects.requireNonNull(parameter, "parameter must not be null");
        return decaysAll || parameter.value().rank() > 1;
    }

    /**
     * Returns the weight decay.
     *
     * @return λ
     */
    public double weightDecay() {
        return weightDecay;
    }

    /** The numbers of Adam; not a copy, so it sees a new learning rate. */
    Adam adam() {
        return adam;
    }

    @Override
    public long stateSize(long numParams) {
        return adam.stateSize(numParams);
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return adam.getLearningRate(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return true;
    }

    @Override
    public void setLrAndSchedule(double learningRate, @Nullable ISchedule schedule) {
        adam.setLrAndSchedule(learningRate, schedule);
    }

    /**
     * Not supported, because an updater of ND4J sees gradients only.
     *
     * @throws UnsupportedOperationException always
     */
    @Override
    public GradientUpdater<?> instantiate(INDArray viewArray, boolean initializeViewArray) {
        throw unsupported();
    }

    /**
     * Not supported, because an updater of ND4J sees gradients only.
     *
     * @throws UnsupportedOperationException always
     */
    @Override
    public GradientUpdater<?> instantiate(Map<String, INDArray> updaterState, boolean initializeStateArrays) {
        throw unsupported();
    }

    private static UnsupportedOperationException unsupported() {
        return new UnsupportedOperationException("AdamW must be used with org.lora4j.train.Trainer, found a use as an"
                + " updater of ND4J, which does not see the parameters; there, use Adam with the regularization"
                + " WeightDecay");
    }

    @Override
    public AdamW clone() {
        return new AdamW(adam, weightDecay, decaysAll);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof AdamW that
                && adam.equals(that.adam)
                && weightDecay == that.weightDecay
                && decaysAll == that.decaysAll;
    }

    @Override
    public int hashCode() {
        return Objects.hash(adam, weightDecay, decaysAll);
    }

    @Override
    public String toString() {
        return "AdamW(" + adam + ", weightDecay=" + weightDecay + (decaysAll ? " of all" : "") + ")";
    }
}
