package org.lora4j.algebra;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.LayerSeed;
import org.lora4j.internal.RandomArrays;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Other forms of the same adapter. Trained biases and saved modules go along as the same arrays; the arguments are not
 * changed.
 */
public final class AdapterConversion {
    private AdapterConversion() {}

    /**
     * Changes the rank. Upwards ΔW stays as it is: B gets columns of zeros, A rows as they are at the beginning of LoRA,
     * so that the new part can train. Downwards it is the best approximation of ΔW (Eckart–Young), from the factors alone:
     * nothing of the size {@code [out, in]} is formed. The scale of each layer stays.
     *
     * @param adapter a plain adapter
     * @param rank the new rank, which every layer gets if it is fixed
     * @return the adapter, with what the cut left
     * @throws IllegalArgumentException if the adapter has magnitudes, ranks other than its configuration says, or
     *     entries that are not finite
     * @throws ArithmeticException if a result is beyond the layer's type
     */
    public static AdapterApproximation resize(LoRAAdapter adapter, TargetRank rank) {
        AdapterChecks.requireNoMagnitude("change of rank", adapter);
        AdapterChecks.requireSound("change of rank", adapter);
        LoRAConfig config = adapter.config();
        Map<String, LoRAWeights> resized = new LinkedHashMap<>();
        Map<String, AdapterApproximation.Layer> report = new LinkedHashMap<>();
        adapter.weights().forEach((path, weights) -> {
            Cut cut = cut(path, weights, rank, config.scaleOf(path));
            int atLeast = rank instanceof TargetRank.Fixed fixed ? fixed.rank() : 1;
            LowRankFactors factors = padded(cut.weights, atLeast, LayerSeed.of(config.seed(), path));
            resized.put(
                    path,
                    LoRAWeights.of(weights.kind(), weights.weightShape(), factors, null, copy(weights.loraBBias())));
            report.put(
                    path, new AdapterApproximation.Layer(factors.rank(), cut.left.error(), cut.left.relativeError()));
        });
        return new AdapterApproximation(
                new LoRAAdapter(
                        AdapterConfigs.withScales(config, resized, config::scaleOf),
                        resized,
                        adapter.biases(),
                        adapter.savedModules()),
                report);
    }

    /** Factors of the same rank or less, and what was cut off. */
    private record Cut(LoRAWeights weights, AdapterApproximation.Layer left) {}

    private static Cut cut(String path, LoRAWeights weights, TargetRank rank, double scale) {
        if (rank instanceof TargetRank.Fixed fixed && fixed.rank() >= weights.rank()) {
            return new Cut(weights, new AdapterApproximation.Layer(weights.rank(), 0, 0));
        }
        FactoredSvd svd = new FactoredSvd(weights.castTo(DataType.DOUBLE).factors());
        int r = rank.choose(svd.core());
        LoRAWeights kept = AdapterChecks.narrow(
                path, weights, svd.balancedFactors(r), null, weights.loraA().dataType());
        return new Cut(kept, AdapterApproximation.Layer.of(svd.core(), r, scale));
    }

    /** At least of a rank, with the same product. */
    private static LowRankFactors padded(LoRAWeights weights, int rank, long seed) {
        INDArray a = weights.factors().a();
        INDArray b = weights.factors().b();
        int missing = rank - weights.rank();
        if (missing <= 0) {
            return new LowRankFactors(b.dup('c'), a.dup('c'));
        }
        double bound = 1 / Math.sqrt((double) a.size(1));
        INDArray rows = RandomArrays.uniform(new SplittableRandom(seed), bound, a.dataType(), missing, a.size(1));
        INDArray columns = Nd4j.zeros(b.dataType(), b.size(0), missing);
        return new LowRankFactors(Nd4j.concat(1, b, columns), Nd4j.concat(0, a, rows));
    }

    private static @Nullable INDArray copy(@Nullable INDArray array) {
        return array == null ? null : array.dup();
    }

    /**
     * Converts DoRA (<a href="https://arxiv.org/abs/2402.09353">arXiv:2402.09353</a>) to plain LoRA. What DoRA changes is
     * {@code ΔW = c∘(W + s·B·A) − W} with {@code c = m/‖W + s·B·A‖} row by row, the magnitude included. It is of full rank
     * in general, so a cut leaves something; at the rank {@code min(out, in)} the conversion is exact.
     *
     * @param base the network that the adapter is for; its original weights count
     * @param adapter a DoRA adapter
     * @param rank where to cut; a layer with a smaller side gets that
     * @return a plain adapter of scale 1, with what the cut left
     * @throws IllegalArgumentException if the adapter is not DoRA or does not fit the network, has ranks other than its
     *     configuration says, or entries that are not finite
     * @throws ArithmeticException if a row of {@code W + s·B·A} is zero, or a result is beyond the layer's type
     */
    public static AdapterApproximation toLoRA(BaseModel base, LoRAAdapter adapter, TargetRank rank) {
        if (!adapter.config().dora()) {
            throw new IllegalArgumentException("conversion to plain LoRA: must be a DoRA adapter, found dora false");
        }
        AdapterChecks.requireSound("conversion to plain LoRA", adapter);
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
                        adapter.savedModules()),
                report);
    }
}
