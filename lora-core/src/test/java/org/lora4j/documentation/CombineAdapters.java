package org.lora4j.documentation;

import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.algebra.AdapterApproximation;
import org.lora4j.algebra.AdapterCombination;
import org.lora4j.algebra.AdapterExtraction;
import org.lora4j.algebra.TargetRank;
import org.lora4j.nn.Network;

/** Adds two adapters, approximates the sum, and makes an adapter of the difference between two networks. */
public final class CombineAdapters {
    private CombineAdapters() {}

    public static void main(String[] args) {
        Network network = Network.builder(20)
                .linear("linear1", 64)
                .relu()
                .linear("linear2", 5)
                .build(42);
        LoRAModel model = LoRAModel.of(network);
        // The random A and B stand for two trainings.
        LoRAConfig config = LoRAConfig.builder().rank(2).init(LoRAInit.random()).build();
        model.add("a", config.toBuilder().seed(1).build());
        model.add("b", config.toBuilder().seed(2).build());

        LoRAAdapter a = model.adapter("a"); // a copy as data
        LoRAAdapter b = model.adapter("b");
        LoRAAdapter sum = AdapterCombination.of(a, 0.7).plus(b, 0.3).cat();
        model.add("sum", sum);
        System.out.println("rank of the sum: " + sum.config().rank());

        AdapterApproximation smaller =
                AdapterCombination.of(a, 0.7).plus(b, 0.3).svd(TargetRank.of(2));
        System.out.println("at rank 2: " + smaller.layers().get("linear1"));

        Network tuned = model.merge("a");
        AdapterApproximation extracted = AdapterExtraction.extract(network, tuned, TargetRank.of(2), BiasTraining.NONE);
        System.out.println("extracted: " + extracted.layers().get("linear1"));
    }
}
