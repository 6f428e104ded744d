package org.lora4j.adapter;

/** Checks the settings of a {@link LoRAConfig}. */
final class ConfigChecks {
    /** With larger scales, the squares of gradients overflow, and Adam takes no steps. */
    private static final double MAX_ALPHA = 1e15;

    private ConfigChecks() {}

    /** Refuses values that are out of bounds, and settings that exclude each other. */
    static void require(LoRAConfig config) {
        LoRAInit init = config.init();
        requireRank("rank", config.rank(), init);
        requireAlpha("alpha", config.alpha());
        config.rankPattern().forEach((key, rank) -> requireRank("rankPattern of '" + key + "'", rank, init));
        config.alphaPattern().forEach((key, alpha) -> requireAlpha("alphaPattern of '" + key + "'", alpha));
        if (!(config.dropout() >= 0 && config.dropout() < 1)) {
            throw new IllegalArgumentException("dropout must be in [0, 1), found " + config.dropout());
        }
        if (config.layersToTransform().isEmpty() && !config.layersPattern().isEmpty()) {
            throw new IllegalArgumentException(
                    "layersPattern needs layersToTransform, found " + config.layersPattern() + " alone");
        }
        if (config.dora() && (config.loraBias() || init.subtractsFromBase())) {
            throw new IllegalArgumentException(
                    "dora cannot be combined with loraBias or with an initialization that subtracts from the base, found "
                            + (config.loraBias() ? "loraBias" : init));
        }
        if (config.dora() && init.freezesB()) {
            throw new IllegalArgumentException(
                    "dora must train B, found the initialization " + init + ", which freezes it");
        }
    }

    private static void requireRank(String what, int rank, LoRAInit init) {
        if (rank < 1 || rank > LoRAConfig.MAX_RANK) {
            throw new IllegalArgumentException(what + " must be "
                    + (rank < 1 ? "at least 1" : "at most " + LoRAConfig.MAX_RANK) + ", found " + rank);
        }
        init.requireRank(rank);
    }

    private static void requireAlpha(String what, double alpha) {
        if (!(Math.abs(alpha) < MAX_ALPHA)) {
            throw new IllegalArgumentException(
                    what + " must be finite and less than 1e15 in absolute value, found " + alpha);
        }
    }

    /** Stored adapters have α of any sign; training starts with a positive one. */
    static void requirePositiveAlpha(LoRAConfig config) {
        requirePositive("alpha", config.alpha());
        config.alphaPattern().forEach((key, value) -> requirePositive("alphaPattern of '" + key + "'", value));
    }

    private static void requirePositive(String what, double alpha) {
        if (!(alpha > 0)) {
            throw new IllegalArgumentException(
                    what + " must be positive for an adapter that is to be trained, found " + alpha);
        }
    }
}
