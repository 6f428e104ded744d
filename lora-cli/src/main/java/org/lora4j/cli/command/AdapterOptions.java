package org.lora4j.cli.command;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.TargetModules;
import org.lora4j.console.command.OptionCheck;
import picocli.CommandLine.Option;

/** The adapter. */
final class AdapterOptions {
    private static final String ALL_LINEAR = "all-linear";

    private static final List<String> SETTINGS =
            List.of("--rank", "--alpha", "--target", "--dora", "--rslora", "--dropout");

    @Option(
            names = "--adapter",
            paramLabel = "DIR",
            description =
                    "The folder of an adapter, of this program or of PEFT, from which the training goes on. Its rank and"
                            + " layers stay; the folder is only read. Default: none, a new adapter.")
    private @Nullable Path begin;

    @Option(names = "--rank", paramLabel = "R", description = "The rank of the adapter. Default: ${DEFAULT-VALUE}.")
    private int rank = 8;

    @Option(
            names = "--alpha",
            paramLabel = "ALPHA",
            description = "The scale of the adapter is alpha / rank. Default: ${DEFAULT-VALUE}.")
    private double alpha = 16;

    @Option(
            names = "--target",
            paramLabel = "MODULES",
            split = ",",
            description =
                    "The layers that are adapted: all-linear, or the last parts of their paths, such as query,value."
                            + " 'lora inspect' lists them. Default: ${DEFAULT-VALUE}.")
    private List<String> targets = List.of(ALL_LINEAR);

    @Option(names = "--dora", description = "Train magnitude and direction separately (DoRA).")
    private boolean dora;

    @Option(names = "--rslora", description = "Use the scale alpha / sqrt(rank) (rsLoRA).")
    private boolean rankStabilized;

    @Option(
            names = "--dropout",
            paramLabel = "P",
            description = "The dropout of the adapter's inputs in training. Default: ${DEFAULT-VALUE}.")
    private double dropout;

    void check(OptionCheck check) {
        for (String option : begin == null ? List.<String>of() : SETTINGS) {
            check.require(
                    !check.isGiven(option),
                    option + " must be used without --adapter, which has its own settings, found both");
        }
        check.inRange("--rank", rank, 1, LoRAConfig.MAX_RANK);
        check.positive("--alpha", alpha);
        check.share("--dropout", dropout);
        check.require(
                targets.stream().noneMatch(String::isBlank), "--target must not have blank names, found " + targets);
        check.require(
                targets.size() == 1 || !targets.contains(ALL_LINEAR),
                "--target must be all-linear alone or names of layers, found " + targets);
    }

    @Nullable
    Path begin() {
        return begin;
    }

    LoRAConfig config(long seed) {
        return LoRAConfig.builder()
                .rank(rank)
                .alpha(alpha)
                .targetModules(
                        targets.contains(ALL_LINEAR)
                                ? TargetModules.allLinear()
                                : TargetModules.of(targets.toArray(String[]::new)))
                .dora(dora)
                .rankStabilized(rankStabilized)
                .dropout(dropout)
                .seed(seed)
                .build();
    }
}
