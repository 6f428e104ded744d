package org.lora4j.algebra;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Adapters with weights, to be combined into one: PEFT's {@code add_weighted_adapter}. With {@code ΔWᵢ = sᵢ·Bᵢ·Aᵢ} of
 * adapter i and its weight wᵢ:
 *
 * <table>
 * <caption>Combinations</caption>
 * <tr><th>method</th><th>result</th></tr>
 * <tr><td>{@link #cat}</td><td>{@code Σ wᵢ·ΔWᵢ} exactly; the ranks add up</td></tr>
 * <tr><td>{@link #svd}</td><td>the best approximation of {@code Σ wᵢ·ΔWᵢ} at a rank</td></tr>
 * <tr><td>{@link #linear}</td><td>weighted sums of the factors, with their cross terms; equal ranks</td></tr>
 * <tr><td>{@link #magnitudePrune}, {@link #dareLinear}, {@link #ties}, {@link #dareTies}</td><td>the same after
 * pruning, or by elected signs</td></tr>
 * <tr><td>{@link #magnitudePruneSvd} and so on</td><td>the same on the ΔWᵢ themselves, cut at a rank</td></tr>
 * </table>
 *
 * <pre>{@code
 * LoRAAdapter mixed = AdapterCombination.of(nine, 0.7).plus(four, 0.3).cat();
 * }</pre>
 *
 * <p>The result has the scale 1 (α = r) in every layer and is of the widest type among the adapters. In a layer that an
 * adapter does not have its ΔW is zero. Weights may be negative or zero. Biases of B (see {@link LoRAConfig#loraBias})
 * are added up as {@code Σ wᵢ·sᵢ·bᵢ} where nothing is pruned. The adapters are not changed.
 *
 * <p>Immutable.
 */
public final class AdapterCombination {
    private final List<LoRAAdapter> adapters;
    private final List<Double> weights;

    private AdapterCombination(List<LoRAAdapter> adapters, List<Double> weights) {
        this.adapters = adapters;
        this.weights = weights;
    }

    /**
     * Begins a combination.
     *
     * @param adapter an adapter
     * @param weight its weight, finite, of any sign
     * @return a combination of one adapter
     * @throws IllegalArgumentException if the weight is not finite; or if the adapter has magnitudes, trained biases or
     *     saved modules, ranks other than its configuration says, or entries that are not finite
     */
    public static AdapterCombination of(LoRAAdapter adapter, double weight) {
        return new AdapterCombination(List.of(), List.of()).plus(adapter, weight);
    }

    /**
     * Adds an adapter.
     *
     * @param adapter an adapter
     * @param weight its weight, finite, of any sign
     * @return a combination with one more adapter
     * @throws IllegalArgumentException as {@link #of}, or if a layer is of another shape than in the adapters before
     */
    public AdapterCombination plus(LoRAAdapter adapter, double weight) {
        String where = "adapter " + (adapters.size() + 1);
        if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException(where + ": the weight must be finite, found " + weight);
        }
        AdapterChecks.requireLinear(where, adapter);
        AdapterChecks.requireSound(where, adapter);
        requireSameShapes(where, adapter);
        List<LoRAAdapter> allAdapters = new ArrayList<>(adapters);
        allAdapters.add(adapter);
        List<Double> allWeights = new ArrayList<>(weights);
        allWeights.add(weight);
        return new AdapterCombination(allAdapters, allWeights);
    }

    private void requireSameShapes(String where, LoRAAdapter adapter) {
        List<String> problems = new ArrayList<>();
        adapter.weights().forEach((path, layer) -> {
            for (LoRAAdapter before : adapters) {
                LoRAWeights other = before.weights().get(path);
                if (other != null && !AdapterChecks.shape(other).equals(AdapterChecks.shape(layer))) {
                    problems.add(
                            path + " of " + AdapterChecks.shape(layer) + " instead of " + AdapterChecks.shape(other));
                    return;
                }
            }
        });
        AdapterChecks.require(where + ": layers [out, in] must be those of the adapters before", problems);
    }

    /**
     * The greatest rank of any layer of the adapters, which is where PEFT cuts unless told otherwise.
     *
     * @return a rank
     */
    public int greatestRank() {
        return adapters.stream()
                .flatMap(adapter -> adapter.weights().values().stream())
                .mapToInt(LoRAWeights::rank)
                .max()
                .orElseThrow();
    }

    /**
     * Stacks the factors, {@code A = [w₁s₁A₁; …]} and {@code B = [B₁, …]}, so that {@code ΔW = Σ wᵢ·ΔWᵢ} exactly. The
     * ranks add up.
     *
     * @return the combination
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public LoRAAdapter cat() {
        return combine(layers(), CombinedLayer::stacked);
    }

    /**
     * Adds up the factors, {@code A = Σ √(|wᵢ|sᵢ)·Aᵢ} and {@code B = Σ sgn(wᵢ)·√(|wᵢ|sᵢ)·Bᵢ}. For one adapter that is
     * {@code w·ΔW}; for several, B·A also has the products of the factors of different adapters. A negative weight
     * changes the sign of B alone, so that {@code −1} negates ΔW.
     *
     * @return the combination, of the rank of the adapters
     * @throws IllegalArgumentException if the ranks of a layer differ; the message lists all such layers
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public LoRAAdapter linear() {
        return mixFactors("linear", TaskArithmetic.sum(), 0);
    }

    /**
     * Cuts {@code Σ wᵢ·ΔWᵢ} at {@link #greatestRank}.
     *
     * @return the combination
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public AdapterApproximation svd() {
        return svd(TargetRank.of(greatestRank()));
    }

    /**
     * The best approximation of {@code Σ wᵢ·ΔWᵢ} at a rank. Nothing of the size {@code [out, in]} is formed. (PEFT counts
     * the scales twice here.)
     *
     * @param rank where to cut; a layer with a smaller side, or smaller ranks together, gets that
     * @return the combination, with what the cut left
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public AdapterApproximation svd(TargetRank rank) {
        return approximate((layer, report) -> {
            FactoredSvd svd = new FactoredSvd(layer.stacked());
            int r = rank.choose(svd.core());
            report.put(layer.path(), AdapterApproximation.Layer.of(svd.core(), r, 1));
            return svd.balancedFactors(r);
        });
    }

    /**
     * {@link #linear} on factors of which only the entries of largest magnitude are kept. The tensors {@code √sᵢ·Aᵢ} and
     * {@code √sᵢ·Bᵢ} are pruned each on its own.
     *
     * @param density the share of entries that are kept, in (0, 1]: ⌊density·n⌋ of n
     * @return the combination, of the rank of the adapters
     * @throws IllegalArgumentException if the density is out of its bounds, the ranks of a layer differ, or B has biases
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public LoRAAdapter magnitudePrune(double density) {
        requireNoBiasOfB("magnitudePrune");
        return mixFactors("magnitudePrune", new TaskArithmetic(Pruning.magnitude(density), null), 0);
    }

    /**
     * {@link #linear} on factors whose entries are kept with a probability and divided by it (DARE, <a
     * href="https://arxiv.org/abs/2311.03099">arXiv:2311.03099</a>). The tensors {@code √sᵢ·Aᵢ} and {@code √sᵢ·Bᵢ} are
     * pruned each on its own.
     *
     * @param density the probability to be kept, in (0, 1]
     * @param seed decides which entries are kept; the same seed gives the same adapter
     * @return the combination, of the rank of the adapters
     * @throws IllegalArgumentException if the density is out of its bounds, the ranks of a layer differ, or B has biases
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public LoRAAdapter dareLinear(double density, long seed) {
        requireNoBiasOfB("dareLinear");
        return mixFactors("dareLinear", new TaskArithmetic(Pruning.random(density), null), seed);
    }

    /**
     * TIES (<a href="https://arxiv.org/abs/2306.01708">arXiv:2306.01708</a>) on the tensors {@code √sᵢ·Aᵢ} and on
     * {@code √sᵢ·Bᵢ}: each keeps its entries of largest magnitude; for every entry a sign is elected, before weights;
     * the entries that have it are weighted by {@code √|wᵢ|} (those of B also by sgn wᵢ), added up and divided by their
     * number.
     *
     * @param density the share of entries that are kept, in (0, 1]: ⌊density·n⌋ of n
     * @param majority how signs are elected
     * @return the combination, of the rank of the adapters
     * @throws IllegalArgumentException if the density is out of its bounds, the ranks of a layer differ, or B has biases
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public LoRAAdapter ties(double density, MajoritySign majority) {
        requireNoBiasOfB("ties");
        return mixFactors("ties", new TaskArithmetic(Pruning.magnitude(density), majority), 0);
    }

    /**
     * {@link #ties} with the pruning of {@link #dareLinear}.
     *
     * @param density the probability to be kept, in (0, 1]
     * @param majority how signs are elected
     * @param seed decides which entries are kept; the same seed gives the same adapter
     * @return the combination, of the rank of the adapters
     * @throws IllegalArgumentException if the density is out of its bounds, the ranks of a layer differ, or B has biases
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public LoRAAdapter dareTies(double density, MajoritySign majority, long seed) {
        requireNoBiasOfB("dareTies");
        return mixFactors("dareTies", new TaskArithmetic(Pruning.random(density), majority), seed);
    }

    /**
     * {@code Σ wᵢ·prune(ΔWᵢ)} cut at a rank, the entries of largest magnitude being kept. The ΔWᵢ are formed.
     *
     * @param rank where to cut; a layer with a smaller side gets that
     * @param density the share of entries that are kept, in (0, 1]: ⌊density·n⌋ of n
     * @return the combination, with what the cut left
     * @throws IllegalArgumentException if the density is out of its bounds or B has biases
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public AdapterApproximation magnitudePruneSvd(TargetRank rank, double density) {
        return mixDeltas("magnitudePruneSvd", rank, new TaskArithmetic(Pruning.magnitude(density), null), 0);
    }

    /**
     * {@code Σ wᵢ·prune(ΔWᵢ)} cut at a rank, entries being kept with a probability and divided by it. The ΔWᵢ are formed.
     *
     * @param rank where to cut; a layer with a smaller side gets that
     * @param density the probability to be kept, in (0, 1]
     * @param seed decides which entries are kept; the same seed gives the same adapter
     * @return the combination, with what the cut left
     * @throws IllegalArgumentException if the density is out of its bounds or B has biases
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public AdapterApproximation dareLinearSvd(TargetRank rank, double density, long seed) {
        return mixDeltas("dareLinearSvd", rank, new TaskArithmetic(Pruning.random(density), null), seed);
    }

    /**
     * TIES on the ΔWᵢ, cut at a rank: each keeps its entries of largest magnitude; for every entry a sign is elected,
     * before weights; the entries that have it are weighted, added up and divided by their number. The ΔWᵢ are formed.
     *
     * @param rank where to cut; a layer with a smaller side gets that
     * @param density the share of entries that are kept, in (0, 1]: ⌊density·n⌋ of n
     * @param majority how signs are elected
     * @return the combination, with what the cut left
     * @throws IllegalArgumentException if the density is out of its bounds or B has biases
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public AdapterApproximation tiesSvd(TargetRank rank, double density, MajoritySign majority) {
        return mixDeltas("tiesSvd", rank, new TaskArithmetic(Pruning.magnitude(density), majority), 0);
    }

    /**
     * {@link #tiesSvd} with the pruning of {@link #dareLinearSvd}.
     *
     * @param rank where to cut; a layer with a smaller side gets that
     * @param density the probability to be kept, in (0, 1]
     * @param majority how signs are elected
     * @param seed decides which entries are kept; the same seed gives the same adapter
     * @return the combination, with what the cut left
     * @throws IllegalArgumentException if the density is out of its bounds or B has biases
     * @throws ArithmeticException if a result is beyond the adapters' type
     */
    public AdapterApproximation dareTiesSvd(TargetRank rank, double density, MajoritySign majority, long seed) {
        return mixDeltas("dareTiesSvd", rank, new TaskArithmetic(Pruning.random(density), majority), seed);
    }

    private LoRAAdapter mixFactors(String method, TaskArithmetic arithmetic, long seed) {
        List<CombinedLayer> layers = layers();
        List<String> unequal = layers.stream()
                .filter(layer -> layer.ranks().stream().distinct().count() > 1)
                .map(layer -> layer.path() + " " + layer.ranks())
                .toList();
        AdapterChecks.require(method + ": the adapters must have equal ranks in each layer", unequal);
        return combine(layers, layer -> layer.mixFactors(arithmetic, seed));
    }

    private AdapterApproximation mixDeltas(String method, TargetRank rank, TaskArithmetic arithmetic, long seed) {
        requireNoBiasOfB(method);
        return approximate((layer, report) -> {
            Svd svd = rank.decompose(layer.mixDeltas(arithmetic, seed));
            int r = rank.choose(svd);
            report.put(layer.path(), AdapterApproximation.Layer.of(svd, r, 1));
            return svd.balancedFactors(r);
        });
    }

    private void requireNoBiasOfB(String method) {
        List<String> problems = new ArrayList<>();
        for (int i = 0; i < adapters.size(); i++) {
            for (Map.Entry<String, LoRAWeights> layer :
                    adapters.get(i).weights().entrySet()) {
                if (layer.getValue().loraBBias() != null) {
                    problems.add(layer.getKey() + ".lora_B.bias of adapter " + (i + 1));
                }
            }
        }
        AdapterChecks.require(method + ": biases of B are defined for cat, linear and svd alone", problems);
    }

    /** Layer by layer, in the order of the first adapter, then of those after it. */
    private List<CombinedLayer> layers() {
        Map<String, List<CombinedLayer.Term>> terms = new LinkedHashMap<>();
        for (int i = 0; i < adapters.size(); i++) {
            LoRAAdapter adapter = adapters.get(i);
            double weight = weights.get(i);
            adapter.weights()
                    .forEach((path, layer) -> terms.computeIfAbsent(path, key -> new ArrayList<>())
                            .add(new CombinedLayer.Term(weight, adapter.config().scaleOf(path), layer)));
        }
        return terms.entrySet().stream()
                .map(entry -> new CombinedLayer(entry.getKey(), entry.getValue()))
                .toList();
    }

    private AdapterApproximation approximate(
            BiFunction<CombinedLayer, Map<String, AdapterApproximation.Layer>, LowRankFactors> method) {
        Map<String, AdapterApproximation.Layer> report = new LinkedHashMap<>();
        return new AdapterApproximation(combine(layers(), layer -> method.apply(layer, report)), report);
    }

    private LoRAAdapter combine(List<CombinedLayer> layers, Function<CombinedLayer, LowRankFactors> method) {
        boolean biased = layers.stream().anyMatch(layer -> layer.bias() != null);
        Map<String, LoRAWeights> combined = new LinkedHashMap<>();
        for (CombinedLayer layer : layers) {
            INDArray bias = layer.bias();
            LowRankFactors factors = method.apply(layer);
            if (biased && bias == null) {
                bias = Nd4j.zeros(DataType.DOUBLE, factors.b().size(0));
            }
            combined.put(layer.path(), AdapterChecks.narrow(layer.path(), layer.like(), factors, bias, layer.type()));
        }
        List<LoRAConfig> configs = adapters.stream().map(LoRAAdapter::config).toList();
        LoRAConfig plain = AdapterConfigs.withTargets(configs, combined.keySet()).toBuilder()
                .rankStabilized(false)
                .dora(false)
                .bias(BiasTraining.NONE)
                .loraBias(biased)
                .modulesToSave(List.of())
                .build();
        return new LoRAAdapter(AdapterConfigs.withScales(plain, combined, path -> 1), combined);
    }
}
