package org.lora4j.algebra;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.math.LayerSeed;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Converts adapters to other forms. The result holds the trained biases, the saved modules and the token rows of the adapter: the same
 * arrays, not copies. No method writes to its arguments.
 */
public final class AdapterConversion {
    private AdapterConversion() {}

    /**
     * Changes the rank. The scale of each layer stays the same.
     *
     * <p>A larger rank does not change {@code ΔW = s·B·A}: the factors keep their rows and columns. The additional rows of A
     * and columns of B start as in {@link LoRAInit#kaimingUniform}, so their product is zero and they can train: the rows of
     * A are random and the columns of B are zero; in an embedding, the rows of A are zero and the columns of B are random.
     *
     * <p>A smaller rank gives the best approximation of ΔW (Eckart–Young theorem). It is computed from the factors: no
     * matrix {@code [out, in]} is formed.
     *
     * @param adapter a plain adapter, without DoRA magnitudes
     * @param rank the new rank; {@link TargetRank#of} gives each layer exactly this rank, even if min(out, in) is smaller
     * @return the resized adapter, and the error in each layer
     * @throws IllegalArgumentException if the adapter has magnitudes, if a rank differs from the configuration, or if an
     *     entry is not finite
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public static AdapterApproximation resize(LoRAAdapter adapter, TargetRank rank) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(rank, "rank must not be null");
        AdapterChecks.requireNoMagnitude("resize", adapter);
        AdapterChecks.requireConsistent("resize", adapter);
        LoRAConfig config = adapter.config();
        Map<String, LoRAWeights> resized = new LinkedHashMap<>();
        Map<String, AdapterApproximation.Layer> report = new LinkedHashMap<>();
        adapter.weights().forEach((path, weights) -> {
            Truncation truncated = truncate(path, weights, rank, config.scaleOf(path));
            int atLeast = rank instanceof TargetRank.Fixed fixed ? fixed.rank() : 1;
            LowRankFactors factors = padded(truncated.weights, atLeast, LayerSeed.of(config.seed(), path));
            resized.put(
                    path,
                    LoRAWeights.of(weights.kind(), weights.weightShape(), factors, null, copy(weights.loraBBias())));
            report.put(
                    path,
                    new AdapterApproximation.Layer(
                            factors.rank(), truncated.report.error(), truncated.report.relativeError()));
        });
        return new AdapterApproximation(
                new LoRAAdapter(
                        AdapterConfigs.withScales(config, resized, config::scaleOf),
                        resized,
                        adapter.biases(),
                        adapter.savedModules(),
                        adapter.tokenRows()),
                report);
    }

    /** Factors of the same rank or a smaller one, and the error. */
    private record Truncation(LoRAWeights weights, AdapterApproximation.Layer report) {}

    private static Truncation truncate(String path, LoRAWeights weights, TargetRank rank, double scale) {
        if (rank instanceof TargetRank.Fixed fixed && fixed.rank() >= weights.rank()) {
            return new Truncation(weights, new AdapterApproximation.Layer(weights.rank(), 0, 0));
        }
        FactoredSvd svd = new FactoredSvd(weights.castTo(DataType.DOUBLE).factors());
        int r = rank.choose(svd.core());
        LoRAWeights kept = AdapterChecks.narrow(
                path, weights, svd.balancedFactors(r), null, weights.loraA().dataType());
        return new Truncation(kept, AdapterApproximation.Layer.of(svd.core(), r, scale));
    }

    /** Returns factors of at least the given rank with the same product. The added part starts as in a new adapter. */
    private static LowRankFactors padded(LoRAWeights weights, int rank, long seed) {
        INDArray a = weights.factors().a();
        INDArray b = weights.factors().b();
        int missing = rank - weights.rank();
        if (missing <= 0) {
            return new LowRankFactors(b.dup('c'), a.dup('c'));
        }
        RandomGenerator random = new SplittableRandom(seed);
        boolean isEmbedding = weights.kind() == LayerKind.EMBEDDING;
        INDArray rows = isEmbedding
                ? Nd4j.zeros(a.dataType(), missing, a.size(1))
                : RandomArrays.kaimingUniform(random, a.dataType(), missing, a.size(1));
        INDArray columns = isEmbedding
                ? RandomArrays.gaussian(random, 1, b.dataType(), b.size(0), missing)
                : Nd4j.zeros(b.dataType(), b.size(0), missing);
        return new LowRankFactors(Nd4j.concat(1, b, columns), Nd4j.concat(0, a, rows));
    }

    private static @Nullable INDArray copy(@Nullable INDArray array) {
        return array == null ? null : array.dup();
    }

    /**
     * Converts a DoRA adapter (<a href="https://arxiv.org/abs/2402.09353">arXiv:2402.09353</a>) to plain LoRA. The update of
     * DoRA is {@code ΔW = c∘(W + s·B·A) − W}, where {@code c = m/‖W + s·B·A‖} for each row; see
     * {@link LoRAWeights#delta}. This update has full rank in general. So the conversion is exact at the rank
     * {@code min(out, in)}, and an approximation at a smaller rank. A row of W + s·B·A that is zero stays zero.
     *
     * @param base the model of the adapter; only its original weights are read
     * @param adapter a DoRA adapter
     * @param rank the rank of each layer; at most min(out, in) of the layer
     * @return a plain adapter with scale 1, and the error in each layer
     * @throws IllegalArgumentException if the adapter does not use DoRA or does not fit the base, if a rank differs from
     *     the configuration, or if an entry is not finite
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public static AdapterApproximation toLoRA(BaseModel base, LoRAAdapter adapter, TargetRank rank) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(rank, "rank must not be null");
        if (!adapter.config().dora()) {
            throw new IllegalArgumentException(
                    "toLoRA: the adapter must use DoRA, found a configuration without it; it is plain LoRA already");
        }
        AdapterChecks.requireConsistent("toLoRA", adapter);
        adapter.requireFits(base);
        Map<String, LoRAWeights> plain = new LinkedHashMap<>();
        Map<String, AdapterApproximation.Layer> report = new LinkedHashMap<>();
        adapter.weights().forEach((path, weights) -> {
            INDArray original = base.baseLayer(path).weight().castTo(DataType.DOUBLE);
            INDArray delta = weights.delta(original, adapter.config().scaleOf(path));
            Svd svd = rank.decompose(weights.kind().asMatrix(delta));
            int r = rank.choose(svd);
            plain.put(
                    path,
                    AdapterChecks.narrow(
                            path,
                            weights,
                            svd.balancedFactors(r),
                            null,
                            weights.loraA().dataType()));
            report.put(path, AdapterApproximation.Layer.of(svd, r, 1));
        });
        LoRAConfig config =
                adapter.config().toBuilder().dora(false).rankStabilized(false).build();
        return new AdapterApproximation(
                new LoRAAdapter(
                        AdapterConfigs.withScales(config, plain, path -> 1),
                        plain,
                        adapter.biases(),
                        adapter.savedModules(),
                        adapter.tokenRows()),
                report);
    }
}
