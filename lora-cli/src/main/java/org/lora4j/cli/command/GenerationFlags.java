package org.lora4j.cli.command;

import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.generate.GenerationOptions;
import picocli.CommandLine.Option;

/** How tokens are chosen. */
final class GenerationFlags {
    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "The most new tokens. Default: ${DEFAULT-VALUE}.")
    private int maxTokens = 200;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "What the logits are divided by; 0 takes the most probable token. Default: ${DEFAULT-VALUE}.")
    private double temperature;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Draw only from the most probable tokens that add up to this. Default: ${DEFAULT-VALUE}.")
    private double topP = 1;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            description = "Draw only from so many of the most probable tokens; 0 for all. Default: ${DEFAULT-VALUE}.")
    private int topK;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the draws. Default: ${DEFAULT-VALUE}.")
    private long seed;

    void check(OptionCheck check) {
        check.atLeast("--max-new-tokens", maxTokens, 1);
        check.require(
                temperature >= 0 && Double.isFinite(temperature),
                "--temperature must be finite and at least 0, found " + temperature);
        check.require(topP > 0 && topP <= 1, "--top-p must be above 0 and at most 1, found " + topP);
        check.atLeast("--top-k", topK, 0);
    }

    GenerationOptions options() {
        return GenerationOptions.sampling(seed)
                .withTemperature(temperature)
                .withTopP(topP)
                .withTopK(topK)
                .withMaxTokens(maxTokens);
    }
}
