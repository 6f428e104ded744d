package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.algebra.AdapterCombination;
import org.lora4j.algebra.AdapterCombination.MajoritySign;
import org.lora4j.algebra.TargetRank;
import org.lora4j.text.task.SavedAdapter;

/**
 * Adapters with weights, which are combined into one.
 *
 * @param adapters the adapters, at least one
 * @param weights the weight of each
 */
public record WeightedAdapters(List<SavedAdapter> adapters, List<Double> weights) {
    /** How adapters are combined; see {@link AdapterCombination}. */
    public enum Method {
        /** The weighted sum of the updates, exactly; the ranks add up. */
        CAT,
        /** The best approximation of that sum at a rank. */
        SVD,
        /** The product of the weighted sums of the factors. */
        LINEAR,
        /** As linear, with the small elements of the factors left out. */
        MAGNITUDE_PRUNE,
        /** As linear, with elements left out by chance. */
        DARE_LINEAR,
        /** As linear, with small elements left out, and elected signs. */
        TIES,
        /** As linear, with elements left out by chance, and elected signs. */
        DARE_TIES;

        /**
         * Returns whether it leaves elements out.
         *
         * @return true if it uses a density
         */
        public boolean leavesOut() {
            return this == MAGNITUDE_PRUNE || this == TIES || isByChance();
        }

        /**
         * Returns whether it chooses elements by chance.
         *
         * @return true if it uses a seed
         */
        public boolean isByChance() {
            return this == DARE_LINEAR || this == DARE_TIES;
        }
    }

    /** Copies the lists. */
    public WeightedAdapters {
        adapters = List.copyOf(adapters);
        weights = List.copyOf(weights);
    }

    /**
     * Combines. The result keeps the task and the base of the first adapter.
     *
     * @param method how
     * @param rank the rank of {@link Method#SVD}; 0 for the greatest of the adapters
     * @param density the share of elements that stay, for the methods that leave some out
     * @param seed the seed of the methods that choose by chance
     * @param model the folder of their model; null if it is not known
     * @return the adapter
     * @throws IOException if an adapter cannot be read
     * @throws IllegalArgumentException if the adapters cannot be combined so
     */
    public LoRAAdapter combine(Method method, int rank, double density, long seed, @Nullable Path model)
            throws IOException {
        LoRAAdapter first = SourceAdapter.load(adapters.get(0), model);
        AdapterCombination all = AdapterCombination.of(first, weights.get(0));
        for (int i = 1; i < adapters.size(); i++) {
            all = all.plus(SourceAdapter.load(adapters.get(i), model), weights.get(i));
        }
        LoRAAdapter combined = switch (method) {
            case CAT -> all.cat();
            case SVD ->
                all.svd(TargetRank.of(rank == 0 ? all.greatestRank() : rank)).adapter();
            case LINEAR -> all.linear();
            case MAGNITUDE_PRUNE -> all.magnitudePrune(density);
            case DARE_LINEAR -> all.dareLinear(density, seed);
            case TIES -> all.ties(density, MajoritySign.TOTAL);
            case DARE_TIES -> all.dareTies(density, MajoritySign.TOTAL, seed);
        };
        return AdapterFiles.withHubFields(combined, first);
    }
}
