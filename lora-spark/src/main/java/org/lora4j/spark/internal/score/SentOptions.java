package org.lora4j.spark.internal.score;

import java.io.Serializable;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.spark.param.HasTextOutput;

/**
 * How tokens are chosen, on its way to the executors.
 *
 * @param maxTokens the most new tokens
 * @param temperature what the logits are divided by
 * @param topK how many tokens can be drawn
 * @param topP what their probabilities add up to
 * @param minP how probable they must be
 * @param penalty the penalty of tokens that were there before
 * @param seed the seed of the table
 */
public record SentOptions(
        int maxTokens, double temperature, int topK, double topP, double minP, double penalty, long seed)
        implements Serializable {
    public static SentOptions of(HasTextOutput<?> stage) {
        return new SentOptions(
                stage.getMaxNewTokens(),
                stage.getTemperature(),
                stage.getTopK(),
                stage.getTopP(),
                stage.getMinP(),
                stage.getRepetitionPenalty(),
                stage.getSeed());
    }

    GenerationOptions options(long rowSeed) {
        return GenerationOptions.sampling(rowSeed)
                .withTemperature(temperature)
                .withTopK(topK)
                .withTopP(topP)
                .withMinP(minP)
                .withRepetitionPenalty(penalty)
                .withMaxTokens(maxTokens);
    }
}
