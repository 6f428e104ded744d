package org.lora4j.generate;

import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * How the next token is chosen, and when a generation ends.
 *
 * <pre>{@code
 * GenerationOptions greedy = GenerationOptions.greedy().withMaxTokens(200).withStopIds(end);
 * GenerationOptions sampled = GenerationOptions.sampling(seed).withTemperature(0.8).withTopP(0.95).withMaxTokens(200);
 * }</pre>
 *
 * <p>The logits are changed in the order of Hugging Face's {@code transformers}: repetition penalty, temperature, top-k, top-p,
 * min-p. The token is drawn from the probabilities that remain.
 *
 * @param temperature what the logits are divided by; 0 chooses the most probable token, the first of equal ones
 * @param topK only the tokens whose logit is at least the k-th largest remain; 0 for all
 * @param topP only the smallest set of the most probable tokens whose probabilities add up to at least this remains, at least
 *     one (<a href="https://arxiv.org/abs/1904.09751">arXiv:1904.09751</a>); 1 for all
 * @param minP only the tokens that are at least this times as probable as the most probable one remain (<a
 *     href="https://arxiv.org/abs/2407.01082">arXiv:2407.01082</a>); 0 for all
 * @param repetitionPenalty positive logits of tokens of the prompt and the output are divided by this, others multiplied, once
 *     for each token (<a href="https://arxiv.org/abs/1909.05858">arXiv:1909.05858</a>); 1 for none
 * @param stopIds a generation ends after one of these tokens, which is part of the output
 * @param maxTokens the most new tokens; 0 for as many as the model has positions for and the cache has room for
 * @param seed the seed of the draws
 * @param stopWhen a generation ends when this is true of the new tokens so far
 */
public record GenerationOptions(
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty,
        Set<Integer> stopIds,
        int maxTokens,
        long seed,
        Predicate<List<Integer>> stopWhen) {
    /**
     * Checks the values.
     *
     * @param temperature at least 0
     * @param topK at least 0
     * @param topP above 0 and at most 1
     * @param minP from 0 to 1
     * @param repetitionPenalty above 0
     * @param stopIds tokens
     * @param maxTokens at least 0
     * @param seed any number
     * @param stopWhen never null
     * @throws IllegalArgumentException if a value is out of its bounds
     */
    public GenerationOptions {
        require("temperature", "at least 0", temperature, temperature >= 0 && Double.isFinite(temperature));
        require("topK", "at least 0", topK, topK >= 0);
        require("topP", "above 0 and at most 1", topP, topP > 0 && topP <= 1);
        require("minP", "from 0 to 1", minP, minP >= 0 && minP <= 1);
        require(
                "repetitionPenalty",
                "above 0",
                repetitionPenalty,
                repetitionPenalty > 0 && Double.isFinite(repetitionPenalty));
        require("maxTokens", "at least 1, or 0 for as many as fit", maxTokens, maxTokens >= 0);
        stopIds = Set.copyOf(Objects.requireNonNull(stopIds, "stopIds must not be null"));
        stopIds.forEach(id -> require("stopIds", "tokens of at least 0", id, id >= 0));
        Objects.requireNonNull(stopWhen, "stopWhen must not be null");
    }

    private static boolean never(List<Integer> tokens) {
        return false;
    }

    private static void require(String what, String rule, Number value, boolean holds) {
        if (!holds) {
            throw new IllegalArgumentException("generation: " + what + " must be " + rule + ", found " + value);
        }
    }

    /**
     * Returns options that choose the most probable token.
     *
     * @return options without stop ids, for as many tokens as fit
     */
    public static GenerationOptions greedy() {
        return new GenerationOptions(0, 0, 1, 0, 1, Set.of(), 0, 0, GenerationOptions::never);
    }

    /**
     * Returns options that draw from the probabilities of the model, at temperature 1. The same seed draws the same tokens.
     *
     * @param seed the seed of the draws
     * @return options without stop ids, for as many tokens as fit
     */
    public static GenerationOptions sampling(long seed) {
        return new GenerationOptions(1, 0, 1, 0, 1, Set.of(), 0, seed, GenerationOptions::never);
    }

    /**
     * Sets the temperature.
     *
     * @param value at least 0; 0 for greedy
     * @return other options
     */
    public GenerationOptions withTemperature(double value) {
        return new GenerationOptions(value, topK, topP, minP, repetitionPenalty, stopIds, maxTokens, seed, stopWhen);
    }

    /**
     * Sets top-k.
     *
     * @param value at least 0; 0 for none
     * @return other options
     */
    public GenerationOptions withTopK(int value) {
        return new GenerationOptions(
                temperature, value, topP, minP, repetitionPenalty, stopIds, maxTokens, seed, stopWhen);
    }

    /**
     * Sets top-p.
     *
     * @param value above 0 and at most 1; 1 for none
     * @return other options
     */
    public GenerationOptions withTopP(double value) {
        return new GenerationOptions(
                temperature, topK, value, minP, repetitionPenalty, stopIds, maxTokens, seed, stopWhen);
    }

    /**
     * Sets min-p.
     *
     * @param value from 0 to 1; 0 for none
     * @return other options
     */
    public GenerationOptions withMinP(double value) {
        return new GenerationOptions(
                temperature, topK, topP, value, repetitionPenalty, stopIds, maxTokens, seed, stopWhen);
    }

    /**
     * Sets the repetition penalty.
     *
     * @param value above 0; 1 for none
     * @return other options
     */
    public GenerationOptions withRepetitionPenalty(double value) {
        return new GenerationOptions(temperature, topK, topP, minP, value, stopIds, maxTokens, seed, stopWhen);
    }

    /**
     * Sets the tokens after which a generation ends.
     *
     * @param ids the tokens, such as {@code eos_token_id}; none for no such token
     * @return other options
     */
    public GenerationOptions withStopIds(int... ids) {
        Set<Integer> all = new TreeSet<>();
        for (int id : ids) {
            all.add(id);
        }
        return new GenerationOptions(temperature, topK, topP, minP, repetitionPenalty, all, maxTokens, seed, stopWhen);
    }

    /**
     * Sets the most new tokens.
     *
     * @param value at least 1
     * @return other options
     */
    public GenerationOptions withMaxTokens(int value) {
        require("maxTokens", "at least 1", value, value >= 1);
        return new GenerationOptions(temperature, topK, topP, minP, repetitionPenalty, stopIds, value, seed, stopWhen);
    }

    /**
     * Sets the seed of the draws.
     *
     * @param value any number
     * @return other options
     */
    public GenerationOptions withSeed(long value) {
        return new GenerationOptions(
                temperature, topK, topP, minP, repetitionPenalty, stopIds, maxTokens, value, stopWhen);
    }

    /**
     * Ends a generation when something is true of its new tokens.
     *
     * @param condition is given the new tokens so far, after each one
     * @return other options
     */
    public GenerationOptions withStopWhen(Predicate<List<Integer>> condition) {
        return new GenerationOptions(
                temperature, topK, topP, minP, repetitionPenalty, stopIds, maxTokens, seed, condition);
    }
}
