package org.lora4j;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.FlatRow;
import org.lora4j.internal.LayerSeed;
import org.lora4j.internal.SingleRows;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.nn.Embedding;
import org.lora4j.nn.Parameter;
import org.lora4j.nn.WeightedLayer;
import org.lora4j.nn.internal.PassContext;
import org.lora4j.nn.internal.TokenUpdatePass;
import org.lora4j.nn.internal.WeightUpdate;
import org.lora4j.nn.internal.WeightUpdatePass;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The update of one weight by an adapter: {@code ΔW = s·B·A}, with a magnitude {@code c∘(W + s·B·A) − W} (DoRA). An
 * initialization can subtract {@code s·B₀·A₀}, and B can have a bias. {@link LoRAParametrization} has the formulas and their
 * sources.
 */
final class LoRAUpdate implements WeightUpdate {
    private final WeightedLayer layer;
    private final double scale;
    private final double dropout;
    private final long seed;
    private final Parameter loraA;
    private final Parameter loraB;
    private final @Nullable Parameter magnitude;
    private final @Nullable Parameter loraBBias;
    private final @Nullable LoRAWeights subtracted;

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
        magnitude = other.magnitude;
        loraBBias = other.loraBBias;
        subtracted = other.subtracted;
    }

    /** Creates an update at its initialization. */
    static LoRAUpdate create(WeightedLayer layer, LoRAConfig config) {
        LoRAWeights initial = LoRAWeights.initialize(layer, config);
        return of(layer, config, initial, config.init().subtractsFromBase() ? initial.factors() : null);
    }

    /**
     * Creates an update from arrays, which are copied; with a magnitude if the configuration has DoRA.
     *
     * @param subtracted {@code B₀} and {@code A₀}, whose {@code s·B₀·A₀} is subtracted from the base, or null
     */
    static LoRAUpdate of(
            WeightedLayer layer, LoRAConfig config, LoRAWeights weights, @Nullable LowRankFactors subtracted) {
        return new LoRAUpdate(layer, config, weights, subtracted);
    }

    /** The same on the same arrays, with its scale multiplied; itself for 1. */
    LoRAUpdate rescaled(double multiplier) {
        return multiplier == 1 ? this : new LoRAUpdate(this, scale * multiplier);
    }

    /** {@code A [r, in]}. */
    Parameter loraA() {
        return loraA;
    }

    /** {@code B [out, r]}. */
    Parameter loraB() {
        return loraB;
    }

    /** DoRA's magnitude {@code m [out]}, or null. */
    @Nullable
    Parameter magnitude() {
        return magnitude;
    }

    /** The bias of B {@code [out]}, or null. */
    @Nullable
    Parameter loraBBias() {
        return loraBBias;
    }

    /** {@code A₀} and {@code B₀}, which are subtracted from the base, or null. */
    @Nullable
    LoRAWeights subtracted() {
        return subtracted;
    }

    double scale() {
        return scale;
    }

    int rank() {
        return Math.toIntExact(loraA.value().size(0));
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

    /** The arrays themselves. */
    LoRAWeights weights() {
        return new LoRAWeights(
                layer.kind(),
                loraA.value(),
                loraB.value(),
                magnitude == null ? null : magnitude.value(),
                loraBBias == null ? null : loraBBias.value());
    }

    /** A copy of the arrays; what was subtracted from the base is not among them. */
    LoRAWeights copyOfWeights() {
        return new LoRAWeights(
                layer.kind(),
                loraA.value().dup('c'),
                loraB.value().dup('c'),
                magnitude == null ? null : magnitude.value().dup(),
                loraBBias == null ? null : loraBBias.value().dup());
    }

    /** Binds a computation to the factors, and to the gradients of those that train in a pass. */
    void bind(FactoredUpdate<?> update, PassContext context) {
        INDArray biasGradient = loraBBias == null ? null : context.gradient(loraBBias);
        update.bind(loraA.value(), loraB.value(), loraBBias == null ? null : loraBBias.row(), scale);
        update.setGradients(
                context.gradient(loraA),
                context.gradient(loraB),
                biasGradient == null ? null : FlatRow.of(biasGradient));
    }

    /** Binds a computation to what is subtracted from the base. Returns false, without any effect, if nothing is. */
    boolean bindSubtracted(FactoredUpdate<?> part) {
        if (subtracted == null) {
            return false;
        }
        part.bind(subtracted.loraA(), subtracted.loraB(), null, -scale);
        return true;
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
        return magnitude == null && loraBBias == null && SingleRows.reads(loraA.value(), loraB.value());
    }

    @Override
    public void note(SingleRows rows, int row) {
        rows.note(row, loraA.value(), loraB.value(), scale);
        if (subtracted != null) {
            rows.note(row, subtracted.loraA(), subtracted.loraB(), -scale);
        }
    }

    @Override
    public WeightUpdatePass newPass(PassContext context) {
        return magnitude == null ? new LoRAPass(this, context) : new DoRAPass(this, context);
    }

    @Override
    public TokenUpdatePass newTokenPass(PassContext context) {
        return magnitude == null ? new EmbeddingLoRAPass(this, context) : new EmbeddingDoRAPass(this, context);
    }

    @Override
    public String toString() {
        return layer.path() + ": " + (magnitude == null ? "LoRA" : "DoRA") + "(rank " + rank() + ", scale " + scale
                + ")";
    }
}
