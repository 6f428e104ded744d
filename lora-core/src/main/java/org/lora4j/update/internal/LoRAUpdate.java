package org.lora4j.update.internal;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.math.LayerSeed;
import org.lora4j.internal.math.RowUpdates;
import org.lora4j.internal.math.SingleRows;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.WeightedLayer;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.TokenUpdatePass;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The update of one weight by an adapter: {@code ΔW = s·B·A}, with a magnitude {@code c∘(W + s·B·A) − W} (DoRA). An
 * initialization can subtract {@code s·B₀·A₀}, and B can have a bias. {@link
 * org.lora4j.LoRAParametrization} has the formulas and their sources.
 */
public final class LoRAUpdate implements WeightUpdate {
    private final WeightedLayer layer;
    private final double scale;
    private final double dropout;
    private final long seed;
    private final Parameter loraA;
    private final Parameter loraB;

    /** Whether the factors are the parameters transposed: those of the embedding that a head is tied to. */
    private final boolean isTiedHead;

    private final INDArray a;
    private final INDArray b;
    private final @Nullable Parameter magnitude;
    private final @Nullable Parameter loraBBias;
    private final @Nullable LoRAWeights subtracted;
    private volatile @Nullable RememberedScales scales;

    private LoRAUpdate(
            WeightedLayer layer, LoRAConfig config, LoRAWeights weights, @Nullable LowRankFactors subtracted) {
        String path = layer.path();
        String prefix = layer.kind() == LayerKind.EMBEDDING ? ".lora_embedding_" : ".lora_";
        String suffix = layer.kind() == LayerKind.EMBEDDING ? "" : ".weight";
        INDArray bBias = weights.loraBBias();
        this.layer = layer;
        scale = config.scaleOf(path);
        dropout = config.dropout();
        seed = LayerSeed.of(config.seed(), path);
        // Rows of A and columns of B each in one piece: what a product of few rows reads fastest.
        loraA = new Parameter(path + prefix + "A" + suffix, weights.loraA().dup('c'), true);
        loraB = new Parameter(
                path + prefix + "B" + suffix,
                weights.loraB().dup('f'),
                !config.init().freezesB());
        magnitude = config.dora() ? magnitude(path, weights) : null;
        loraBBias = bBias == null ? null : new Parameter(path + ".lora_B.bias", bBias.dup('c'), true);
        this.subtracted = subtracted == null
                ? null
                : new LoRAWeights(
                        layer.kind(), subtracted.a().dup('c'), subtracted.b().dup('f'), null, null);
        isTiedHead = false;
        a = loraA.value();
        b = loraB.value();
    }

    /** An update of a head on the arrays of the update of the embedding that it is tied to. */
    private LoRAUpdate(WeightedLayer head, LoRAConfig config, LoRAUpdate embedding) {
        layer = head;
        scale = config.scaleOf(head.path());
        dropout = config.dropout();
        seed = LayerSeed.of(config.seed(), head.path());
        loraA = embedding.loraB;
        loraB = embedding.loraA;
        magnitude = null;
        loraBBias = null;
        subtracted = null;
        isTiedHead = true;
        a = loraA.value().transpose();
        b = loraB.value().transpose();
    }

    private static Parameter magnitude(String path, LoRAWeights weights) {
        INDArray magnitude = weights.magnitude();
        if (magnitude == null) {
            throw new IllegalArgumentException(path + ": DoRA needs a magnitude, found none");
        }
        return new Parameter(path + ".lora_magnitude_vector", magnitude.dup('c'), true);
    }

    /** An update on the arrays of another, with another scale. */
    private LoRAUpdate(LoRAUpdate other, double scale) {
        layer = other.layer;
        this.scale = scale;
        dropout = other.dropout;
        seed = other.seed;
        loraA = other.loraA;
        loraB = other.loraB;
        isTiedHead = other.isTiedHead;
        a = other.a;
        b = other.b;
        magnitude = other.magnitude;
        loraBBias = other.loraBBias;
        subtracted = other.subtracted;
    }

    /**
     * Creates an update at its initialization.
     *
     * @param layer the layer
     * @param config the configuration
     * @return the update, which is trainable
     */
    public static LoRAUpdate create(WeightedLayer layer, LoRAConfig config) {
        LoRAWeights initial = LoRAWeights.initialize(layer, config);
        return of(layer, config, initial, config.init().subtractsFromBase() ? initial.factors() : null);
    }

    /**
     * Creates an update from arrays, which are copied; with a magnitude if the configuration has DoRA.
     *
     * @param layer the layer
     * @param config the configuration
     * @param weights the arrays
     * @param subtracted {@code B₀} and {@code A₀}, whose {@code s·B₀·A₀} is subtracted from the base, or null
     * @return the update, which is trainable
     */
    public static LoRAUpdate of(
            WeightedLayer layer, LoRAConfig config, LoRAWeights weights, @Nullable LowRankFactors subtracted) {
        return new LoRAUpdate(layer, config, weights, subtracted);
    }

    /**
     * Creates the update of a head that shares the table {@code E [vocab, dim]} of an embedding, and its update too:
     * {@code ΔE = s·(B·A)ᵀ = s·Aᵀ·Bᵀ}. Its factors are those of the embedding, transposed. They train once, with the sum of both
     * gradients.
     *
     * @param head the head
     * @param config the configuration
     * @param embedding the update of the embedding, without magnitude and without bias of B
     * @return the update
     */
    public static LoRAUpdate ofTiedHead(WeightedLayer head, LoRAConfig config, LoRAUpdate embedding) {
        return new LoRAUpdate(head, config, embedding);
    }

    /**
     * Returns whether its parameters are those of the embedding that its layer is tied to.
     *
     * @return true for an update that {@link #ofTiedHead} created
     */
    public boolean isTiedHead() {
        return isTiedHead;
    }

    /**
     * Returns the same on the same arrays, with its scale multiplied.
     *
     * @param multiplier what the scale is multiplied by
     * @return itself for 1
     */
    public LoRAUpdate rescaled(double multiplier) {
        return multiplier == 1 ? this : new LoRAUpdate(this, scale * multiplier);
    }

    /** The factor {@code A [r, in]}. */
    INDArray a() {
        return a;
    }

    /** The factor {@code B [out, r]}. */
    INDArray b() {
        return b;
    }

    /**
     * Returns the parameter of A.
     *
     * @return {@code A [r, in]}; transposed for a tied head
     */
    public Parameter loraA() {
        return loraA;
    }

    /**
     * Returns the parameter of B.
     *
     * @return {@code B [out, r]}; transposed for a tied head
     */
    public Parameter loraB() {
        return loraB;
    }

    /**
     * Returns DoRA's magnitude.
     *
     * @return {@code m [out]}, or null
     */
    public @Nullable Parameter magnitude() {
        return magnitude;
    }

    /**
     * Returns the bias of B.
     *
     * @return {@code b_B [out]}, or null
     */
    public @Nullable Parameter loraBBias() {
        return loraBBias;
    }

    /**
     * Returns what is subtracted from the base.
     *
     * @return {@code A₀} and {@code B₀}, or null
     */
    public @Nullable LoRAWeights subtracted() {
        return subtracted;
    }

    /**
     * Returns the scale.
     *
     * @return s
     */
    public double scale() {
        return scale;
    }

    /**
     * Returns the rank.
     *
     * @return r
     */
    public int rank() {
        return Math.toIntExact(a.size(0));
    }

    double dropout() {
        return dropout;
    }

    long seed() {
        return seed;
    }

    boolean isOfEmbedding() {
        return layer.kind() == LayerKind.EMBEDDING;
    }

    /** The token of an embedding that has no gradient, or {@link Embedding#NO_PADDING}. */
    int padding() {
        return layer instanceof Embedding embedding ? embedding.padding() : Embedding.NO_PADDING;
    }

    /**
     * Returns the arrays themselves.
     *
     * @return factors, magnitude and bias of B
     */
    public LoRAWeights weights() {
        return new LoRAWeights(
                layer.kind(),
                a,
                b,
                magnitude == null ? null : magnitude.value(),
                loraBBias == null ? null : loraBBias.value());
    }

    /**
     * Copies the arrays.
     *
     * @return factors, magnitude and bias of B; what was subtracted from the base is not among them
     */
    public LoRAWeights copyOfWeights() {
        return new LoRAWeights(
                layer.kind(),
                a.dup('c'),
                b.dup('c'),
                magnitude == null ? null : magnitude.value().dup(),
                loraBBias == null ? null : loraBBias.value().dup());
    }

    /** Binds a computation to the factors, and to the gradients of those that train in a pass. */
    void bind(FactoredUpdate<?> update, PassContext context) {
        update.bind(a, b, loraBBias == null ? null : loraBBias.row(), scale);
        update.setGradients(
                gradient(loraA, context),
                gradient(loraB, context),
                loraBBias == null ? null : context.gradient(loraBBias));
    }

    private @Nullable Gradient gradient(Parameter factor, PassContext context) {
        Gradient gradient = context.gradient(factor);
        return gradient != null && isTiedHead ? gradient.transposed() : gradient;
    }

    /** Binds a computation to what is subtracted from the base. Returns false, without any effect, if nothing is. */
    boolean bindSubtracted(FactoredUpdate<?> part) {
        if (subtracted == null) {
            return false;
        }
        part.bind(subtracted.loraA(), subtracted.loraB(), null, -scale);
        return true;
    }

    /**
     * Returns DoRA's factors if they are remembered.
     *
     * @param weight the weight that is updated
     * @return {@code c = m/‖V‖ [out]}, or null if they must be computed; do not write to it
     */
    double @Nullable [] rememberedScales(Parameter weight) {
        RememberedScales known = scales;
        return known != null && isFrozen(weight) && known.weight == weight && known.thaws == thaws(weight)
                ? known.scales
                : null;
    }

    /**
     * Remembers DoRA's factors until a parameter that they are computed from is unfrozen. Without effect if one trains.
     *
     * @param thaws {@link #thaws} before they were computed
     */
    void rememberScales(Parameter weight, int thaws, double[] computed) {
        if (isFrozen(weight)) {
            scales = new RememberedScales(weight, thaws, computed.clone());
        }
    }

    /** How often the parameters that DoRA's factors are computed from were unfrozen. */
    int thaws(Parameter weight) {
        return weight.weight().thaws()
                + loraA.weight().thaws()
                + loraB.weight().thaws()
                + (magnitude == null ? 0 : magnitude.weight().thaws());
    }

    /** Whether nothing that DoRA's factors are computed from trains. */
    boolean isFrozen(Parameter weight) {
        return !weight.isTrainable()
                && !loraA.isTrainable()
                && !loraB.isTrainable()
                && (magnitude == null || !magnitude.isTrainable());
    }

    /** DoRA's factors of one state of the parameters. */
    private static final class RememberedScales {
        private final Parameter weight;
        private final int thaws;
        private final double[] scales;

        RememberedScales(Parameter weight, int thaws, double[] scales) {
            this.weight = weight;
            this.thaws = thaws;
            this.scales = scales;
        }
    }

    @Override
    public List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>(List.of(loraA, loraB));
        if (loraBBias != null) {
            all.add(loraBBias);
        }
        if (magnitude != null) {
            all.add(magnitude);
        }
        return all;
    }

    @Override
    public INDArray delta(INDArray original) {
        INDArray delta = weights().delta(original, scale);
        return subtracted == null ? delta : delta.subi(subtracted.delta(original, scale));
    }

    @Override
    public @Nullable INDArray biasDelta() {
        return loraBBias == null ? null : loraBBias.value().mul(scale);
    }

    @Override
    public boolean fitsSingleRows() {
        return magnitude == null && loraBBias == null && SingleRows.reads(a, b);
    }

    @Override
    public void addTo(RowUpdates rows, int row) {
        rows.add(row, a, b, scale);
        if (subtracted != null) {
            rows.add(row, subtracted.loraA(), subtracted.loraB(), -scale);
        }
    }

    @Override
    public WeightUpdatePass newPass(PassContext context) {
        return magnitude == null ? new LoRAPass.OfRows(this, context) : new DoRAPass.OfRows(this, context);
    }

    @Override
    public TokenUpdatePass newTokenPass(PassContext context) {
        return magnitude == null ? new LoRAPass.OfTokens(this, context) : new DoRAPass.OfTokens(this, context);
    }

    @Override
    public String toString() {
        return layer.path() + ": " + (magnitude == null ? "LoRA" : "DoRA") + "(rank " + rank() + ", scale " + scale
                + ")";
    }
}
