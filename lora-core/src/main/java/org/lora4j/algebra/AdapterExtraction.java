package org.lora4j.algebra;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.ArrayBits;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adapters from networks that were trained in full. */
public final class AdapterExtraction {
    private AdapterExtraction() {}

    /**
     * Extracts what a full fine-tuning did to the weights, {@code ΔW = W' − W = U·S·Vᵀ} cut at a rank:
     * {@code B = U_r·√S_r}, {@code A = √S_r·V_rᵀ}, at scale 1. That is the best approximation of this rank (Eckart–Young).
     *
     * <p>Layers whose weight did not change are not adapted. Biases are not of low rank and go along as they are, if
     * asked to: those of the adapted layers with {@link BiasTraining#LORA_ONLY}, those of every layer with
     * {@link BiasTraining#ALL}.
     *
     * @param base the network before; its original weights count
     * @param tuned a network of the same layers after; its original weights count
     * @param rank where to cut; a layer with a smaller side gets that
     * @param bias which biases go along
     * @return a plain adapter for the base, with what the cut left in each layer, those that did not change included
     * @throws IllegalArgumentException if the layers differ, a weight or bias of {@code tuned} is not finite, no weight
     *     changed, or a bias changed that {@code bias} does not take along
     */
    public static AdapterApproximation extract(BaseModel base, BaseModel tuned, TargetRank rank, BiasTraining bias) {
        requireSameLayers(base, tuned);
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        Map<String, AdapterApproximation.Layer> report = new LinkedHashMap<>();
        for (BaseLayer before : base.baseLayers()) {
            String path = before.path();
            INDArray delta = tuned.baseLayer(path).weight().sub(before.weight());
            if (!ArrayBits.isFinite(delta)) {
                throw new IllegalArgumentException(path + ".weight: must be finite in both models, found it is not");
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
                    "at least one weight must differ between the models, found all equal: " + base.paths());
        }
        LoRAConfig config = AdapterConfigs.withScales(
                LoRAConfig.builder()
                        .targetModules(AdapterConfigs.exactly(weights.keySet(), base.paths()))
                        .bias(bias)
                        .build(),
                weights,
                path -> 1);
        return new AdapterApproximation(
                new LoRAAdapter(config, weights, biases(base, tuned, weights, bias), Map.of()), report);
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
            BaseModel base, BaseModel tuned, Map<String, LoRAWeights> weights, BiasTraining which) {
        Map<String, INDArray> biases = new LinkedHashMap<>();
        List<String> left = new ArrayList<>();
        for (BaseLayer before : base.baseLayers()) {
            String path = before.path();
            INDArray old = before.bias();
            INDArray bias = tuned.baseLayer(path).bias();
            if (old == null || bias == null) {
                continue;
            }
            if (!ArrayBits.isFinite(bias)) {
                throw new IllegalArgumentException(path + ".bias: must be finite, found it is not");
            }
            if (which.trains(weights.containsKey(path))) {
                biases.put(path, bias.dup());
            } else if (!ArrayBits.equal(old, bias)) {
                left.add(path + ".bias");
            }
        }
        AdapterChecks.require("biases that differ must be extracted, but " + which + " leaves them out", left);
        return biases;
    }
}
