package org.lora4j.cli.command;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.generate.GenerationOptions;
import picocli.CommandLine.Option;

/** How tokens are chosen. */
final class GenerationFlags {
    private static final int MOST_TOKENS = 200;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "The most new tokens. Default: " + MOST_TOKENS + ".")
    private @Nullable Integer maxTokens;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "What the logits are divided by; 0 takes the most probable token. Default: 0.")
    private @Nullable Double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Draw only from the most probable tokens that add up to this. Default: 1.")
    private @Nullable Double topP;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            description = "Draw only from so many of the most probable tokens; 0 for all. Default: 0.")
    private @Nullable Integer topK;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the draws. Default: 0.")
    private @Nullable Long seed;

    /** Whether one of the options is given. */
    boolean isUsed() {
        return maxTokens != null || temperature != null || isDrawing();
    }

    private boolean isDrawing() {
        return topP != null || topK != null || seed != null;
    }

    void check(OptionCheck check) {
        check.atLeast("--max-new-tokens", Objects.requireNonNullElse(maxTokens, MOST_TOKENS), 1);
        double divisor = Objects.requireNonNullElse(temperature, 0.0);
        check.require(
                divisor >= 0 && Double.isFinite(divisor),
                "--temperature must be finite and at least 0, found " + divisor);
        double share = Objects.requireNonNullElse(topP, 1.0);
        check.require(share > 0 && share <= 1, "--top-p must be above 0 and at most 1, found " + share);
        check.atLeast("--top-k", Objects.requireNonNullElse(topK, 0), 0);
        check.require(
                divisor > 0 || !isDrawing(),
                "--top-p, --top-k and --seed must be used with a --temperature above 0, found one of them without it");
    }

    GenerationOptions options() {
        return GenerationOptions.sampling(Objects.requireNonNullElse(seed, 0L))
                .withTemperature(Objects.requireNonNullElse(temperature, 0.0))
                .withTopP(Objects.requireNonNullElse(topP, 1.0))
                .withTopK(Objects.requireNonNullElse(topK, 0))
                .withMaxTokens(Objects.requireNonNullElse(maxTokens, MOST_TOKENS));
    }
}
