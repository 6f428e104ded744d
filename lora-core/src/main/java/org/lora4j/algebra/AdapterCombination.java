package org.lora4j.algebra;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
 * Combines adapters with weights into one adapter, as PEFT's {@code add_weighted_adapter} does. Adapter i has the update
 * {@code ΔWᵢ = sᵢ·Bᵢ·Aᵢ} and the weight wᵢ:
 *
 * <table>
 * <caption>Combinations</caption>
 * <tr><th>method</th><th>result</th></tr>
 * <tr><td>{@link #cat}</td><td>{@code Σ wᵢ·ΔWᵢ} exactly; the ranks add up</td></tr>
 * <tr><td>{@link #svd}</td><td>the best approximation of {@code Σ wᵢ·ΔWᵢ} at a rank</td></tr>
 * <tr><td>{@link #linear}</td><td>the product of the weighted sums of the factors, which includes cross terms; needs equal
 * ranks</td></tr>
 * <tr><td>{@link #magnitudePrune}, {@link #dareLinear}, {@link #ties}, {@link #dareTies}</td><td>as {@code linear}, with
 * pruned factors or elected signs</td></tr>
 * <tr><td>{@link #magnitudePruneSvd}, {@link #dareLinearSvd}, {@link #tiesSvd}, {@link #dareTiesSvd}</td><td>the same
 * methods on the updates ΔWᵢ instead of the factors, then the best approximation at a rank</td></tr>
 * </table>
 *
 * <pre>{@code
 * LoRAAdapter mixed = AdapterCombination.of(a, 0.7).plus(b, 0.3).cat();
 * }</pre>
 *
 * <p>The result has the scale 1 (α = r) in every layer. A layer of the result is DOUBLE if an adapter is DOUBLE there,
 * else FLOAT. If an adapter does not adapt a layer, its ΔWᵢ of this layer is zero. Weights may be negative or zero.
 * {@code cat}, {@code linear} and {@code svd} add the biases of B (see {@link LoRAConfig#loraBias}) as
 * {@code Σ wᵢ·sᵢ·bᵢ}; the other methods refuse them. No method writes to the adapters. Embeddings and convolutions are
 * combined in the same way; {@link org.lora4j.adapter.LayerKind} describes {@code [out, in]} for them.
 *
 * <p>Instances are immutable.
 */
public final class AdapterCombination {
    private final List<LoRAAdapter> adapters;
    private final List<Double> weights;

    private AdapterCombination(List<LoRAAdapter> adapters, List<Double> weights) {
        this.adapters = adapters;
        this.weights = weights;
    }

    /**
     * Starts a combination with one adapter.
     *
     * @param adapter the adapter
     * @param weight its weight w₁, finite; it may be negative or zero
     * @return a combination of one adapter
     * @throws IllegalArgumentException if the weight is not finite, if the adapter has DoRA magnitudes, trained biases or
     *     saved modules, if a rank differs from the configuration, or if an entry is not finite
     */
    public static AdapterCombination of(LoRAAdapter adapter, double weight) {
        return new AdapterCombination(List.of(), List.of()).plus(adapter, weight);
    }

    /**
     * Adds an adapter.
     *
     * @param adapter the adapter
     * @param weight its weight, finite; it may be negative or zero
     * @return a new combination with one more adapter
     * @throws IllegalArgumentException as {@link #of}, or if a layer has another kind or weight shape than in the adapters
     *     before
     */
    public AdapterCombination plus(LoRAAdapter adapter, double weight) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        String where = "adapter " + (adapters.size() + 1);
        if (!Double.isFinite(weight)) {
            throw new IllegalArgumentException(where + ": the weight must be finite, found " + weight);
        }
        AdapterChecks.requireFactorsOnly(where, adapter);
        AdapterChecks.requireConsistent(where, adapter);
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
                    problems.add(path + ": " + AdapterChecks.shape(layer) + ", before " + AdapterChecks.shape(other));
                    return;
                }
            }
        });
        AdapterChecks.require(
                where + ": each layer must have the kind and weight shape that it has in the adapters before",
                problems);
    }

    /**
     * Returns the greatest rank of all layers of all adapters. PEFT truncates at this rank by default.
     *
     * @return the rank
     */
    public int greatestRank() {
        return adapters.stream()
                .flatMap(adapter -> adapter.weights().values().stream())
                .mapToInt(LoRAWeights::rank)
                .max()
                .orElseThrow();
    }

    /**
     * Stacks the factors: {@code A = [w₁·s₁·A₁; w₂·s₂·A₂; …]} and {@code B = [B₁, B₂, …]}. So {@code B·A = Σ wᵢ·ΔWᵢ}
     * exactly. The ranks of the adapters add up.
     *
     * @return the combined adapter
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public LoRAAdapter cat() {
        return combine(layers(), CombinedLayer::stacked);
    }

    /**
     * Adds the factors: {@code A = Σ √(|wᵢ|·sᵢ)·Aᵢ} and {@code B = Σ sgn(wᵢ)·√(|wᵢ|·sᵢ)·Bᵢ}. For one adapter,
     * {@code B·A = w·ΔW}. For several adapters, B·A also contains the products of factors of different adapters. A negative
     * weight changes the sign of B only, so the weight −1 negates ΔW.
     *
     * @return the combined adapter, with the rank of the adapters
     * @throws IllegalArgumentException if the ranks of a layer differ; the message lists all such layers
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public LoRAAdapter linear() {
        return mixFactors("linear", TaskArithmetic.sum(), 0);
    }

    /**
     * Approximates {@code Σ wᵢ·ΔWᵢ} at {@link #greatestRank}.
     *
     * @return the combined adapter, and the error in each layer
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public AdapterApproximation svd() {
        return svd(TargetRank.of(greatestRank()));
    }

    /**
     * Computes the best approximation of {@code Σ wᵢ·ΔWᵢ} at a rank, with the square roots of the singular values in each
     * factor. No matrix {@code [out, in]} is formed. (PEFT multiplies by the scales twice here; this method does not.)
     *
     * @param rank the rank of each layer; at most min(out, in) of the layer and the sum of the ranks of the adapters
     * @return the combined adapter, and the error in each layer
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public AdapterApproximation svd(TargetRank rank) {
        Objects.requireNonNull(rank, "rank must not be null");
        return approximate((layer, report) -> {
            FactoredSvd svd = new FactoredSvd(layer.stacked());
            int r = rank.choose(svd.core());
            report.put(layer.path(), AdapterApproximation.Layer.of(svd.core(), r, 1));
            return svd.balancedFactors(r);
        });
    }

    /**
     * Adds factors as {@link #linear} does, after pruning. Each of the tensors Aᵢ and Bᵢ keeps its entries of largest magnitude;
     * the other entries become zero.
     *
     * @param density the share of the entries that a tensor keeps, in (0, 1]: ⌊density·n⌋ of n entries
     * @return the combined adapter, with the rank of the adapters
     * @throws IllegalArgumentException if the density is not in (0, 1], if the ranks of a layer differ, or if a B has
     *     a bias
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public LoRAAdapter magnitudePrune(double density) {
        requireNoBiasOfB("magnitudePrune");
        return mixFactors("magnitudePrune", new TaskArithmetic(Pruning.magnitude(density), null), 0);
    }

    /**
     * Adds factors as {@link #linear} does, after random pruning (DARE, <a
     * href="https://arxiv.org/abs/2311.03099">arXiv:2311.03099</a>). Each entry of the tensors Aᵢ and Bᵢ is kept with the
     * probability {@code density} and divided by it; otherwise it becomes zero.
     *
     * @param density the probability of keeping an entry, in (0, 1]
     * @param seed the seed of the pruning; the same seed gives the same adapter
     * @return the combined adapter, with the rank of the adapters
     * @throws IllegalArgumentException if the density is not in (0, 1], if the ranks of a layer differ, or if a B has
     *     a bias
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public LoRAAdapter dareLinear(double density, long seed) {
        requireNoBiasOfB("dareLinear");
        return mixFactors("dareLinear", new TaskArithmetic(Pruning.random(density), null), seed);
    }

    /**
     * Combines the factors by TIES (<a href="https://arxiv.org/abs/2306.01708">arXiv:2306.01708</a>), first the tensors Aᵢ, then
     * Bᵢ:
     *
     * <ol>
     *   <li>Each tensor keeps its entries of largest magnitude; the other entries become zero.
     *   <li>For every entry, the tensors elect a sign. As in PEFT, the tensors are those that are stored: neither the scales nor
     *       the weights count in the election.
     *   <li>The entries with the elected sign are multiplied by {@code √(|wᵢ|·sᵢ)} (in B also by {@code sgn(wᵢ)}) and added. The
     *       sum is divided by their number.
     * </ol>
     *
     * @param density the share of the entries that a tensor keeps, in (0, 1]: ⌊density·n⌋ of n entries
     * @param majority how signs are elected
     * @return the combined adapter, with the rank of the adapters
     * @throws IllegalArgumentException if the density is not in (0, 1], if the ranks of a layer differ, or if a B has
     *     a bias
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public LoRAAdapter ties(double density, MajoritySign majority) {
        Objects.requireNonNull(majority, "majority must not be null");
        requireNoBiasOfB("ties");
        return mixFactors("ties", new TaskArithmetic(Pruning.magnitude(density), majority), 0);
    }

    /**
     * Combines the factors as {@link #ties} does, with the random pruning of {@link #dareLinear}.
     *
     * @param density the probability of keeping an entry, in (0, 1]
     * @param majority how signs are elected
     * @param seed the seed of the pruning; the same seed gives the same adapter
     * @return the combined adapter, with the rank of the adapters
     * @throws IllegalArgumentException if the density is not in (0, 1], if the ranks of a layer differ, or if a B has
     *     a bias
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public LoRAAdapter dareTies(double density, MajoritySign majority, long seed) {
        Objects.requireNonNull(majority, "majority must not be null");
        requireNoBiasOfB("dareTies");
        return mixFactors("dareTies", new TaskArithmetic(Pruning.random(density), majority), seed);
    }

    /**
     * Computes the best approximation of {@code Σ wᵢ·prune(ΔWᵢ)} at a rank, where prune keeps the entries of largest
     * magnitude. Each {@code ΔWᵢ [out, in]} is formed.
     *
     * @param rank the rank of each layer; at most min(out, in) of the layer
     * @param density the share of the entries that a tensor keeps, in (0, 1]: ⌊density·n⌋ of n entries
     * @return the combined adapter, and the error in each layer
     * @throws IllegalArgumentException if the density is not in (0, 1], or if a B has a bias
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public AdapterApproximation magnitudePruneSvd(TargetRank rank, double density) {
        Objects.requireNonNull(rank, "rank must not be null");
        return mixDeltas("magnitudePruneSvd", rank, new TaskArithmetic(Pruning.magnitude(density), null), 0);
    }

    /**
     * Computes the best approximation of {@code Σ wᵢ·prune(ΔWᵢ)} at a rank, where prune keeps each entry with the
     * probability {@code density} and divides it by {@code density} (DARE, <a
     * href="https://arxiv.org/abs/2311.03099">arXiv:2311.03099</a>). Each {@code ΔWᵢ [out, in]} is formed.
     *
     * @param rank the rank of each layer; at most min(out, in) of the layer
     * @param density the probability of keeping an entry, in (0, 1]
     * @param seed the seed of the pruning; the same seed gives the same adapter
     * @return the combined adapter, and the error in each layer
     * @throws IllegalArgumentException if the density is not in (0, 1], or if a B has a bias
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public AdapterApproximation dareLinearSvd(TargetRank rank, double density, long seed) {
        Objects.requireNonNull(rank, "rank must not be null");
        return mixDeltas("dareLinearSvd", rank, new TaskArithmetic(Pruning.random(density), null), seed);
    }

    /**
     * Combines the updates ΔWᵢ by TIES and computes the best approximation of the result at a rank. The steps are those of
     * {@link #ties}, with the weights wᵢ in the third step. Each {@code ΔWᵢ [out, in]} is formed.
     *
     * @param rank the rank of each layer; at most min(out, in) of the layer
     * @param density the share of the entries that a tensor keeps, in (0, 1]: ⌊density·n⌋ of n entries
     * @param majority how signs are elected
     * @return the combined adapter, and the error in each layer
     * @throws IllegalArgumentException if the density is not in (0, 1], or if a B has a bias
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public AdapterApproximation tiesSvd(TargetRank rank, double density, MajoritySign majority) {
        Objects.requireNonNull(rank, "rank must not be null");
        Objects.requireNonNull(majority, "majority must not be null");
        return mixDeltas("tiesSvd", rank, new TaskArithmetic(Pruning.magnitude(density), majority), 0);
    }

    /**
     * Combines the updates as {@link #tiesSvd} does, with the random pruning of {@link #dareLinearSvd}.
     *
     * @param rank the rank of each layer; at most min(out, in) of the layer
     * @param density the probability of keeping an entry, in (0, 1]
     * @param majority how signs are elected
     * @param seed the seed of the pruning; the same seed gives the same adapter
     * @return the combined adapter, and the error in each layer
     * @throws IllegalArgumentException if the density is not in (0, 1], or if a B has a bias
     * @throws ArithmeticException if a result is too large for the type of the layer
     */
    public AdapterApproximation dareTiesSvd(TargetRank rank, double density, MajoritySign majority, long seed) {
        Objects.requireNonNull(rank, "rank must not be null");
        Objects.requireNonNull(majority, "majority must not be null");
        return mixDeltas("dareTiesSvd", rank, new TaskArithmetic(Pruning.random(density), majority), seed);
    }

    private LoRAAdapter mixFactors(String method, TaskArithmetic arithmetic, long seed) {
        List<CombinedLayer> layers = layers();
        List<String> unequal = layers.stream()
                .filter(layer -> layer.ranks().stream().distinct().count() > 1)
                .map(layer -> layer.path() + " " + layer.ranks())
                .toList();
        AdapterChecks.require(
                method + ": the adapters must have equal ranks in each layer (resize them, or use cat or svd)",
                unequal);
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
        AdapterChecks.require(
                method + ": the adapters must have no bias of B (only cat, linear and svd add them)", problems);
    }

    /** Returns the layers of the first adapter in its order, then the additional layers of the others. */
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

    /**
     * How TIES (<a href="https://arxiv.org/abs/2306.01708">arXiv:2306.01708</a>) elects the sign of an entry when adapters
     * disagree. If both signs have equal votes, plus is elected.
     */
    public enum MajoritySign {
        /** Elects the sign of the sum of the values, as the paper does. */
        TOTAL {
            @Override
            double vote(double value) {
                return value;
            }
        },
        /** Elects the sign that most adapters have. The magnitudes of the values do not count. */
        FREQUENCY {
            @Override
            double vote(double value) {
                return Math.signum(value);
            }
        };

        abstract double vote(double value);

        /** Returns the elected sign of an entry, +1 or −1. */
        int elect(List<double[]> tasks, int index) {
            double sum = 0;
            for (double[] task : tasks) {
                sum += vote(task[index]);
            }
            return sum >= 0 ? 1 : -1;
        }
    }
}
