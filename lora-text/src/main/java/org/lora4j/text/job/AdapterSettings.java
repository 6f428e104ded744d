package org.lora4j.text.job;

import java.util.List;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.TargetModules;

/** The configuration of the adapter of a job, as it is stored. */
record AdapterSettings(
        int rank, double alpha, boolean rankStabilized, boolean dora, double dropout, List<String> targets) {
    AdapterSettings {
        targets = List.copyOf(targets);
    }

    /**
     * Takes a configuration.
     *
     * @throws IllegalArgumentException if it has more than can be stored
     */
    static AdapterSettings of(LoRAConfig config) {
        List<String> targets =
                config.targetModules() instanceof TargetModules.Paths paths ? paths.entries() : List.of();
        AdapterSettings settings = new AdapterSettings(
                config.rank(), config.alpha(), config.rankStabilized(), config.dora(), config.dropout(), targets);
        if (!settings.config(config.seed()).equals(config)) {
            throw new IllegalArgumentException(
                    "the configuration of a job must have rank, alpha, rsLoRA, DoRA, dropout and the names of layers or"
                            + " all linear layers, and the defaults otherwise, found " + config);
        }
        return settings;
    }

    LoRAConfig config(long seed) {
        return LoRAConfig.builder()
                .rank(rank)
                .alpha(alpha)
                .rankStabilized(rankStabilized)
                .dora(dora)
                .dropout(dropout)
                .targetModules(
                        targets.isEmpty()
                                ? TargetModules.allLinear()
                                : TargetModules.of(targets.toArray(String[]::new)))
                .seed(seed)
                .build();
    }
}
