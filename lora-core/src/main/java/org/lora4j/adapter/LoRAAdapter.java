package org.lora4j.adapter;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.LowRankFactors;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An adapter as data: its configuration, and its arrays for each layer. Files hold adapters in this form, algebra combines
 * and converts them, and every host applies them. An adapter as data always describes an update of the original base.
 *
 * <p>Two instances are equal if their configurations are equal and their arrays hold the same bits.
 *
 * @param config ranks, α, variants and target modules
 * @param weights the arrays of the adapted layers by module path, in the order of the model
 * @param biases trained copies of biases {@code [out]} by the module path of their layer
 * @param savedModules layers trained in full, by module path
 * @param tokenRows trained rows of embeddings, by module path; see {@link LoRAConfig#trainableTokens}
 */
public record LoRAAdapter(
        LoRAConfig config,
        Map<String, LoRAWeights> weights,
        Map<String, INDArray> biases,
        Map<String, SavedModule> savedModules,
        Map<String, TokenRows> tokenRows) {
    /**
     * Copies the maps.
     *
     * @param config ranks, α, variants and target modules
     * @param weights the arrays of the adapted layers by module path
     * @param biases trained copies of biases by module path
     * @param savedModules layers trained in full, by module path
     * @param tokenRows trained rows of embeddings, by module path
     * @throws IllegalArgumentException if no layer is adapted
     */
    public LoRAAdapter {
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(weights, "weights must not be null");
        Objects.requireNonNull(biases, "biases must not be null");
        Objects.requireNonNull(savedModules, "savedModules must not be null");
        Objects.requireNonNull(tokenRows, "tokenRows must not be null");
        if (weights.isEmpty()) {
            throw new IllegalArgumentException("an adapter must adapt at least one layer, found none");
        }
        weights = Collections.unmodifiableMap(new LinkedHashMap<>(weights));
        biases = Collections.unmodifiableMap(new LinkedHashMap<>(biases));
        savedModules = Collections.unmodifiableMap(new LinkedHashMap<>(savedModules));
        tokenRows = Collections.unmodifiableMap(new LinkedHashMap<>(tokenRows));
    }

    /**
     * Holds an adapter without rows of embeddings.
     *
     * @param config ranks, α, variants and target modules
     * @param weights the arrays of the adapted layers by module path
     * @param biases trained copies of biases by module path
     * @param savedModules layers trained in full, by module path
     * @throws IllegalArgumentException if no layer is adapted
     */
    public LoRAAdapter(
            LoRAConfig config,
            Map<String, LoRAWeights> weights,
            Map<String, INDArray> biases,
            Map<String, SavedModule> savedModules) {
        this(config, weights, biases, savedModules, Map.of());
    }

    /**
     * Holds an adapter that has factors only.
     *
     * @param config ranks, α, variants and target modules
     * @param weights the arrays of the adapted layers by module path
     * @throws IllegalArgumentException if no layer is adapted
     */
    public LoRAAdapter(LoRAConfig config, Map<String, LoRAWeights> weights) {
        this(config, weights, Map.of(), Map.of());
    }

    /**
     * A layer trained in full.
     *
     * @param weight the trained copy of W, in the shape of W
     * @param bias the trained copy of {@code b [out]}, or null if the layer has no bias
     */
    public record SavedModule(INDArray weight, @Nullable INDArray bias) {
        /**
         * Holds the arrays.
         *
         * @param weight the trained copy of W
         * @param bias the trained copy of b, or null
         */
        public SavedModule {
            Objects.requireNonNull(weight, "weight must not be null");
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof SavedModule that
                    && ArrayBits.equal(weight, that.weight)
                    && ArrayBits.equal(bias, that.bias);
        }

        @Override
        public int hashCode() {
            return Objects.hash(ArrayBits.hash(weight), ArrayBits.hash(bias));
        }

        @Override
        public String toString() {
            return "SavedModule[weight " + ArrayBits.describe(weight) + ", bias " + ArrayBits.describe(bias) + "]";
        }
    }

    /**
     * Creates an adapter at its initialization. The same configuration and the same weights give the same arrays on every
     * host.
     *
     * @param base the model; its arrays are read and not written to
     * @param config which layers are adapted, and how
     * @return the adapter, and what its host subtracts from the base
     * @throws IllegalArgumentException if the configuration does not fit the base: a target or a module to save matches
     *     no layer, the initialization cannot give a rank, α is not positive, or the host does not support a feature
     */
    public static Initialized initialize(BaseModel base, LoRAConfig config) {
        Objects.requireNonNull(base, "base must not be null");
        Objects.requireNonNull(config, "config must not be null");
        return AdapterInitialization.of(base, config);
    }

    /**
     * Converts a trained adapter whose initialization was subtracted from the base (PiSSA, OLoRA) to an ordinary adapter of
     * the original base: {@code s·(B·A − B₀·A₀) = s·[B, −B₀]·[A; A₀]}, of twice the rank at the same scale.
     *
     * @param subtracted {@code B₀} and {@code A₀} by module path; empty if nothing was subtracted
     * @return this adapter if nothing was subtracted, else a converted one
     * @throws IllegalArgumentException if an adapted layer is missing among those subtracted
     */
    public LoRAAdapter againstBase(Map<String, LowRankFactors> subtracted) {
        if (subtracted.isEmpty()) {
            return this;
        }
        Map<String, LoRAWeights> converted = new LinkedHashMap<>();
        weights.forEach((path, trained) -> {
            LowRankFactors initial = subtracted.get(path);
            if (initial == null) {
                throw new IllegalArgumentException(
                        path + ": the subtracted factors must cover each adapted layer, found " + subtracted.keySet());
            }
            converted.put(path, stacked(trained, initial));
        });
        return new LoRAAdapter(config.withTwiceTheRank(), converted, biases, savedModules, tokenRows);
    }

    /**
     * Converts a trained adapter whose initialization was subtracted from a base, as {@link #againstBase(Map)} does, where the
     * initial factors are not at hand. It computes them again from the base, in double precision: PiSSA takes them from the
     * largest singular values of a weight, OLoRA from its QR decomposition. So it is exact within the rounding of the other
     * training. The whole decomposition takes seconds for a weight with a smaller side of 768, and eight times as long for twice the side.
     *
     * @param base the model from which the initial update was subtracted; its arrays are read and not written to
     * @return this adapter if its initialization subtracts nothing, else a converted one
     * @throws IllegalArgumentException if a layer is missing in the base, its weight does not allow the initialization, the
     *     initialization is {@link LoRAInit#pissa(int)}, whose approximation depends on random numbers, or the singular values
     *     of a weight are so close that rounding decides what PiSSA subtracted
     */
    public LoRAAdapter againstBase(BaseModel base) {
        Objects.requireNonNull(base, "base must not be null");
        if (!config.init().subtractsFromBase()) {
            return this;
        }
        if (config.init().iterations() > 0) {
            throw new IllegalArgumentException(
                    "what was subtracted from the base must be a function of the base, found " + config.init()
                            + ", which depends on random numbers");
        }
        Map<String, LowRankFactors> subtracted = new LinkedHashMap<>();
        weights.keySet().forEach(path -> subtracted.put(path, SubtractedPart.of(base.baseLayer(path), config)));
        return againstBase(subtracted);
    }

    private static LoRAWeights stacked(LoRAWeights trained, LowRankFactors initial) {
        LowRankFactors factors = trained.factors();
        DataType type = factors.a().dataType();
        return LoRAWeights.of(
                trained.kind(),
                trained.weightShape(),
                new LowRankFactors(
                        Nd4j.concat(1, factors.b(), initial.b().castTo(type).neg()),
                        Nd4j.concat(0, factors.a(), initial.a().castTo(type))),
                trained.magnitude(),
                trained.loraBBias());
    }

    /**
     * Computes the update of the weight of a layer; see {@link LoRAWeights#delta}.
     *
     * @param layer an adapted layer of the base
     * @return ΔW, a new array of the shape and type of the weight
     * @throws IllegalArgumentException if the adapter does not adapt the layer, or its arrays do not fit
     */
    public INDArray delta(BaseLayer layer) {
        Objects.requireNonNull(layer, "layer must not be null");
        LoRAWeights adapted = weights.get(layer.path());
        if (adapted == null) {
            throw new IllegalArgumentException(
                    layer.path() + ": the layer must be adapted, found an adapter of " + weights.keySet());
        }
        return adapted.delta(layer.weight(), config.scaleOf(layer.path()));
    }

    /**
     * Returns a fingerprint of everything that decides what the adapter computes: the arrays and the scale of each layer. It does not
     * depend on names of adapters and other settings, such as the dropout of a training, and not on the machine. The module paths
     * count, so adapters of models with and without a prefix, such as {@code bert.}, differ. An adapter that was saved and
     * loaded has the same one; so has one that a model of double precision loaded from a file of single precision.
     *
     * @return the SHA-256 of the content, 64 hexadecimal digits
     */
    public String fingerprint() {
        return AdapterFingerprint.of(this);
    }

    /**
     * Checks that the arrays fit a base and the configuration: paths, kinds, shapes, ranks and variants; that all elements
     * are finite; and that the host supports the features of the adapter.
     *
     * @param base the model that the adapter is to be applied to
     * @throws IllegalArgumentException if something does not fit; the message lists all of it
     */
    public void requireFits(BaseModel base) {
        Objects.requireNonNull(base, "base must not be null");
        new AdapterFit(base).require(this);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof LoRAAdapter that
                && config.equals(that.config)
                && weights.equals(that.weights)
                && savedModules.equals(that.savedModules)
                && tokenRows.equals(that.tokenRows)
                && biases.keySet().equals(that.biases.keySet())
                && biases.entrySet().stream()
                        .allMatch(bias -> ArrayBits.equal(bias.getValue(), that.biases.get(bias.getKey())));
    }

    @Override
    public int hashCode() {
        return Objects.hash(config, weights.keySet(), biases.keySet(), savedModules.keySet(), tokenRows.keySet());
    }

    @Override
    public String toString() {
        Map<String, String> described = new LinkedHashMap<>();
        biases.forEach((path, bias) -> described.put(path, ArrayBits.describe(bias)));
        return "LoRAAdapter[" + config + ", weights " + weights + ", biases " + described + ", saved modules "
                + savedModules + ", token rows " + tokenRows + "]";
    }

    /**
     * An adapter at its initialization, as a host applies it.
     *
     * <p>PiSSA and OLoRA take the initial {@code s·B₀·A₀} from the base: the host computes with
     * {@code W + s·(B·A − B₀·A₀)}, so that the output does not change at the start. The host keeps {@code B₀} and
     * {@code A₀}, because the base itself is never written to. {@link LoRAAdapter#againstBase} turns the trained adapter
     * into an ordinary one.
     *
     * @param adapter A, B and magnitudes, and copies of the biases and modules that train; all arrays are new
     * @param subtracted {@code B₀} and {@code A₀} by module path, new arrays; empty unless the initialization is PiSSA or
     *     OLoRA
     */
    public record Initialized(LoRAAdapter adapter, Map<String, LowRankFactors> subtracted) {
        /**
         * Copies the map.
         *
         * @param adapter the adapter
         * @param subtracted {@code B₀} and {@code A₀} by module path
         */
        public Initialized {
            Objects.requireNonNull(adapter, "adapter must not be null");
            Objects.requireNonNull(subtracted, "subtracted must not be null");
            subtracted = Collections.unmodifiableMap(new LinkedHashMap<>(subtracted));
        }
    }

    /**
     * Rows that replace those of some tokens in an embedding {@code W [vocab, dim]}: the effective row of the token
     * {@code tokens[k]} is {@code rows[k]}, and all others are those of W.
     *
     * <p>Two instances are equal if they have the same tokens and their rows hold the same bits.
     *
     * @param tokens the tokens, which differ
     * @param rows their rows {@code [n, dim]}
     */
    public record TokenRows(List<Integer> tokens, INDArray rows) {
        /**
         * Checks the arguments.
         *
         * @param tokens the tokens
         * @param rows their rows
         * @throws IllegalArgumentException if there is no token, one is negative or there twice, or there is not one row for each
         */
        public TokenRows {
            Objects.requireNonNull(tokens, "tokens must not be null");
            Objects.requireNonNull(rows, "rows must not be null");
            tokens = new TrainableTokens(tokens, Map.of()).ofInput();
            if (tokens.isEmpty() || rows.rank() != 2 || rows.size(0) != tokens.size()) {
                throw new IllegalArgumentException(
                        "token rows must be a matrix with one row for each of at least one token," + " found "
                                + Arrays.toString(rows.shape()) + " for " + tokens.size() + " tokens");
            }
        }

        /** The rows of an embedding as they are, in a new array. */
        static TokenRows of(List<Integer> tokens, INDArray weight) {
            return new TokenRows(
                    tokens,
                    Nd4j.pullRows(
                            weight,
                            1,
                            tokens.stream().mapToInt(Integer::intValue).toArray(),
                            'c'));
        }

        /**
         * Returns the rows in a type.
         *
         * @param type FLOAT or DOUBLE
         * @return these rows, or a copy
         */
        public TokenRows castTo(DataType type) {
            return new TokenRows(tokens, rows.castTo(type));
        }

        /**
         * Computes the update of the weight: {@code rows[k] − W[tokens[k]]} in the row of each token, and 0 elsewhere.
         *
         * @param weight the original {@code W [vocab, dim]}; not written to
         * @return ΔW, a new array of the shape and type of W
         */
        public INDArray delta(INDArray weight) {
            INDArray delta = Nd4j.zeros(weight.dataType(), weight.shape());
            INDArray cast = rows.castTo(weight.dataType());
            for (int k = 0; k < tokens.size(); k++) {
                delta.putRow(tokens.get(k), cast.getRow(k).sub(weight.getRow(tokens.get(k))));
            }
            return delta;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof TokenRows that && tokens.equals(that.tokens) && ArrayBits.equal(rows, that.rows);
        }

        @Override
        public int hashCode() {
            return Objects.hash(tokens, ArrayBits.hash(rows));
        }

        @Override
        public String toString() {
            return "TokenRows[" + tokens.size() + " tokens, " + ArrayBits.describe(rows) + "]";
        }
    }
}
