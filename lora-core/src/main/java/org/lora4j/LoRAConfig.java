package org.lora4j;

import java.util.List;

/**
 * How a network is adapted: rank, scale, beginning and which layers (LoRA, <a
 * href="https://arxiv.org/abs/2106.09685">arXiv:2106.09685</a>, §4.1).
 *
 * @param rank r, the inner size of B·A, at least 1
 * @param alpha α; the delta is scaled by s = α/r. Finite and positive
 * @param init how A begins
 * @param seed the seed of the draw of A. Each layer mixes it with its own path, so that layers differ
 * @param targetModules which dense layers are adapted: a layer is if its path equals an entry or ends with
 *     {@code .entry}. Empty means every dense layer
 */
public record LoRAConfig(int rank, double alpha, LoRAInit init, long seed, List<String> targetModules) {
    /**
     * Checks the values that need no layer.
     *
     * @param rank r
     * @param alpha α
     * @param init how A begins
     * @param seed the seed of the draw of A
     * @param targetModules which dense layers are adapted
     * @throws IllegalArgumentException if the rank is less than 1, α is not finite and positive, or a target is blank
     */
    public LoRAConfig {
        if (rank < 1) {
            throw new IllegalArgumentException("rank must be at least 1, found " + rank);
        }
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new IllegalArgumentException("alpha must be finite and positive, found " + alpha);
        }
        targetModules = List.copyOf(targetModules);
        for (String target : targetModules) {
            if (target.isBlank()) {
                throw new IllegalArgumentException("a target module must not be blank, found '" + target + "'");
            }
        }
    }

    /**
     * A configuration with the defaults for all else.
     *
     * @param rank r, at least 1
     * @param alpha α, finite and positive
     * @return a configuration for every dense layer
     * @throws IllegalArgumentException if a value is out of its bounds
     */
    public static LoRAConfig of(int rank, double alpha) {
        return builder().rank(rank).alpha(alpha).build();
    }

    /**
     * Begins a configuration.
     *
     * @return a builder with PEFT's defaults: rank 8, α 8, Kaiming-uniform A, every dense layer
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The factor of the delta.
     *
     * @return s = α/r
     */
    public double scale() {
        return alpha / rank;
    }

    /** Builds a configuration. */
    public static final class Builder {
        private int rank = 8;
        private double alpha = 8;
        private LoRAInit init = LoRAInit.kaimingUniform();
        private long seed;
        private List<String> targetModules = List.of();

        private Builder() {}

        /**
         * Sets r, 8 by default.
         *
         * @param rank the inner size of B·A, at least 1
         * @return this
         */
        public Builder rank(int rank) {
            this.rank = rank;
            return this;
        }

        /**
         * Sets α, 8 by default.
         *
         * @param alpha the numerator of the scale α/r, finite and positive
         * @return this
         */
        public Builder alpha(double alpha) {
            this.alpha = alpha;
            return this;
        }

        /**
         * Sets how A begins, Kaiming-uniform by default.
         *
         * @param init the distribution of A
         * @return this
         */
        public Builder init(LoRAInit init) {
            this.init = init;
            return this;
        }

        /**
         * Sets the seed of A, 0 by default.
         *
         * @param seed the seed
         * @return this
         */
        public Builder seed(long seed) {
            this.seed = seed;
            return this;
        }

        /**
         * Sets which dense layers are adapted, all of them by default.
         *
         * @param paths whole paths or their last parts
         * @return this
         */
        public Builder targetModules(String... paths) {
            targetModules = List.of(paths);
            return this;
        }

        /**
         * Makes the configuration.
         *
         * @return the configuration
         * @throws IllegalArgumentException if a value is out of its bounds
         */
        public LoRAConfig build() {
            return new LoRAConfig(rank, alpha, init, seed, targetModules);
        }
    }
}
