package org.lora4j;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.lora4j.nn.Linear;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
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
    public static AdapterApproximation extract(Network base, Network tuned, TargetRank rank, BiasTraining bias) {
        requireSameLayers(base, tuned);
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        Map<String, AdapterApproximation.Layer> report = new LinkedHashMap<>();
        for (Linear before : base.linears()) {
            String path = before.path();
            INDArray delta =
                    tuned.linear(path).original().value().sub(before.original().value());
            if (!AdapterChecks.isFinite(delta)) {
                throw new IllegalArgumentException(path + ".weight: must be finite in both networks, found it is not");
            }
            if (delta.amaxNumber().doubleValue() == 0) {
                report.put(path, new AdapterApproximation.Layer(0, 0, 0));
                continue;
            }
            Svd svd = rank.decompose(delta);
            int r = rank.choose(svd);
            LowRankFactors factors = svd.balancedFactors(r);
            weights.put(path, new LoRAWeights(factors.a(), factors.b()));
            report.put(path, AdapterApproximation.Layer.of(svd, r, 1));
        }
        if (weights.isEmpty()) {
            throw new IllegalArgumentException(
                    "at least one weight must differ between the networks, found all equal: " + paths(base));
        }
        LoRAConfig config = AdapterConfigs.withScales(
                LoRAConfig.builder()
                        .targetModules(AdapterConfigs.exactly(weights.keySet(), paths(base)))
                        .bias(bias)
                        .build(),
                weights,
                path -> 1);
        return new AdapterApproximation(
                new LoRAAdapter(config, weights, biases(base, tuned, weights, bias), Map.of()), report);
    }

    private static List<String> paths(Network network) {
        return network.linears().stream().map(Linear::path).toList();
    }

    private static void requireSameLayers(Network base, Network tuned) {
        List<String> before =
                base.linears().stream().map(AdapterExtraction::describe).toList();
        List<String> after =
                tuned.linears().stream().map(AdapterExtraction::describe).toList();
        if (!before.equals(after)) {
            throw new IllegalArgumentException(
                    "the networks must have the same layers, found " + before + " and " + after);
        }
    }

    private static String describe(Linear linear) {
        return linear + " " + linear.dataType();
    }

    private static Map<String, INDArray> biases(
            Network base, Network tuned, Map<String, LoRAWeights> weights, BiasTraining which) {
        Map<String, INDArray> biases = new LinkedHashMap<>();
        List<String> left = new ArrayList<>();
        for (Linear before : base.linears()) {
            Parameter old = before.bias();
            Parameter bias = tuned.linear(before.path()).bias();
            if (old == null || bias == null) {
                continue;
            }
            if (!AdapterChecks.isFinite(bias.value())) {
                throw new IllegalArgumentException(bias.name() + ": must be finite, found it is not");
            }
            boolean taken = switch (which) {
                case NONE -> false;
                case LORA_ONLY -> weights.containsKey(before.path());
                case ALL -> true;
            };
            if (taken) {
                biases.put(before.path(), bias.value().dup());
            } else if (!old.value().equalsWithEps(bias.value(), 0)) {
                left.add(bias.name());
            }
        }
        AdapterChecks.require("biases that changed must go along, which " + which + " leaves out", left);
        return biases;
    }
}
