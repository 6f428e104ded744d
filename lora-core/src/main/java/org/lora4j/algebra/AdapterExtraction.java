package org.lora4j.algebra;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LayerKind;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Extracts adapters from models that were fine-tuned in full. */
public final class AdapterExtraction {
    private AdapterExtraction() {}

    /**
     * Extracts the update of a full fine-tuning, {@code ΔW = W' − W}, as an adapter with scale 1. With
     * {@code ΔW = U·S·Vᵀ}, the factors are {@code B = U_r·√S_r} and {@code A = √S_r·V_rᵀ}: the best approximation of rank r
     * (Eckart–Young theorem). {@link org.lora4j.adapter.LayerKind} describes how the weights of embeddings and convolutions
     * are seen as matrices.
     *
     * <p>A normalization has no matrix. If it differs, it is copied in full, as one of the modules that are saved.
     *
     * <p>A layer whose weights are equal in both models is not adapted. Biases are copied in full:
     * {@link BiasTraining#LORA_ONLY} copies the biases of the adapted layers, {@link BiasTraining#ALL} those of all layers.
     *
     * @param base the model before the fine-tuning; only its original weights W are read
     * @param tuned a model with the same layers after the fine-tuning; only its original weights W' are read
     * @param rank the rank of each layer; at most min(out, in) of the layer
     * @param bias which biases of {@code tuned} are copied
     * @return a plain adapter for the base, and the error in each layer, including the layers that are not adapted
     * @throws IllegalArgumentException if the layers of the models differ, if a weight, or a bias of {@code tuned}, is not
     *     finite, if all weights are equal, or if {@code bias} does not copy a bias that differs
     * @throws ArithmeticException if the entries are so large that the decomposition overflows
     */
    public static AdapterApproximation extract(BaseModel base, BaseModel tuned, TargetRank rank, BiasTraining bias) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(tuned, "tuned must not be null");
        Objects.requireNonNull(rank, "rank must not be null");
        Objects.requireNonNull(bias, "bias must not be null");
        requireSameLayers(base, tuned);
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        Map<String, AdapterApproximation.Layer> report = new LinkedHashMap<>();
        List<String> norms = new ArrayList<>();
        for (BaseLayer before : base.baseLayers()) {
            String path = before.path();
            INDArray delta = tuned.baseLayer(path).weight().sub(before.weight());
            if (!ArrayBits.isFinite(delta)) {
                throw new IllegalArgumentException(
                        path + ".weight: must be finite in both models, found NaN or an infinity");
            }
            if (before.kind() == LayerKind.NORM) {
                if (differs(before, tuned.baseLayer(path))) {
                    norms.add(path);
                }
                continue;
            }
            if (delta.amaxNumber().doubleValue() == 0) {
                report.put(path, new AdapterApproximation.Layer(0, 0, 0));
                continue;
            }
            Svd svd = rank.decompose(before.kind().asMatrix(delta));
            int r = rank.choose(svd);
            weights.put(path, LoRAWeights.of(before.kind(), before.shape(), svd.balancedFactors(r), null, null));
            report.put(path, AdapterApproximation.Layer.of(svd, r, 1));
        }
        if (weights.isEmpty()) {
            throw new IllegalArgumentException(
                    "at least one weight must differ between the models, found equal weights in all of "
                            + base.paths());
        }
        LoRAConfig config = AdapterConfigs.withScales(
                LoRAConfig.builder()
                        .targetModules(AdapterConfigs.exactly(weights.keySet(), base.paths()))
                        .bias(bias)
                        .modulesToSave(norms.toArray(String[]::new))
                        .build(),
                weights,
                path -> 1);
        Map<String, LoRAAdapter.SavedModule> saved = savedNorms(base, tuned, norms);
        return new AdapterApproximation(
                new LoRAAdapter(config, weights, biases(base, tuned, weights, saved.keySet(), bias), saved), report);
    }

    private static boolean differs(BaseLayer before, BaseLayer after) {
        return !ArrayBits.equal(before.weight(), after.weight()) || !ArrayBits.equal(before.bias(), after.bias());
    }

    /** The normalizations that an entry of {@code modulesToSave} names: it also names paths that end with it. */
    private static Map<String, LoRAAdapter.SavedModule> savedNorms(
            BaseModel base, BaseModel tuned, List<String> entries) {
        Map<String, LoRAAdapter.SavedModule> saved = new LinkedHashMap<>();
        for (BaseLayer before : base.baseLayers()) {
            if (before.kind() == LayerKind.NORM && entries.stream().anyMatch(before.path()::endsWith)) {
                BaseLayer after = tuned.baseLayer(before.path());
                INDArray bias = after.bias();
                saved.put(
                        before.path(),
                        new LoRAAdapter.SavedModule(after.weight().dup(), bias == null ? null : bias.dup()));
            }
        }
        return saved;
    }

    private static void requireSameLayers(BaseModel base, BaseModel tuned) {
        List<String> before = describe(base);
        List<String> after = describe(tuned);
        if (!before.equals(after)) {
            throw new IllegalArgumentException(
                    "the models must have the same layers, found " + before + " and " + after);
        }
    }

    private static List<String> describe(BaseModel model) {
        return model.baseLayers().stream()
                .<String>map(layer -> layer.path() + ": " + layer.kind() + " " + Arrays.toString(layer.shape()) + " "
                        + layer.dataType() + (layer.bias() == null ? ", no bias" : ""))
                .toList();
    }

    private static Map<String, INDArray> biases(
            BaseModel base, BaseModel tuned, Map<String, LoRAWeights> weights, Set<String> saved, BiasTraining which) {
        Map<String, INDArray> biases = new LinkedHashMap<>();
        List<String> omitted = new ArrayList<>();
        for (BaseLayer before : base.baseLayers()) {
            String path = before.path();
            INDArray old = before.bias();
            INDArray bias = tuned.baseLayer(path).bias();
            if (old == null || bias == null || saved.contains(path)) {
                continue;
            }
            if (!ArrayBits.isFinite(bias)) {
                throw new IllegalArgumentException(path + ".bias: must be finite, found NaN or an infinity");
            }
            if (which.trains(weights.containsKey(path))) {
                biases.put(path, bias.dup());
            } else if (!ArrayBits.equal(old, bias)) {
                omitted.add(path + ".bias");
            }
        }
        AdapterChecks.require(
                "each bias that differs must be extracted, but " + which + " omits some (use ALL)", omitted);
        return biases;
    }
}
