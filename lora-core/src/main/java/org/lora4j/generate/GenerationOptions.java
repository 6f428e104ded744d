package org.lora4j.generate;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How the next token is chosen, and when a generation ends.
 *
 * <pre>{@code
 * GenerationOptions greedy = GenerationOptions.greedy().withMaxTokens(200).withStopIds(end);
 * GenerationOptions sampled = GenerationOptions.sampling(seed).withTemperature(0.8).withTopP(0.95).withMaxTokens(200);
 * }</pre>
 *
 * <p>A constraint comes before everything else: what it does not allow has no probability. Then the logits are changed in the order
 * of vLLM and of Hugging Face's {@code transformers}: bias, repetition penalty, frequency and presence penalty, temperature, top-k,
 * top-p, min-p. The token is drawn from the probabilities that remain.
 *
 * @param temperature what the logits are divided by; 0 chooses the most probable token, the first of equal ones
 * @param topK only the tokens whose logit is at least the k-th largest remain; 0 for all
 * @param topP only the smallest set of the most probable tokens whose probabilities add up to at least this remains, at least
 *     one (<a href="https://arxiv.org/abs/1904.09751">arXiv:1904.09751</a>); 1 for all
 * @param minP only the tokens that are at least this times as probable as the most probable one remain (<a
 *     href="https://arxiv.org/abs/2407.01082">arXiv:2407.01082</a>); 0 for all
 * @param repetitionPenalty positive logits of tokens of the prompt and the output are divided by this, others multiplied, once
 *     for each token (<a href="https://arxiv.org/abs/1909.05858">arXiv:1909.05858</a>); 1 for none
 * @param frequencyPenalty the logit of a token becomes smaller by this for each time that it is in the output; 0 for none, and
 *     negative to make it more probable
 * @param presencePenalty the logit of a token that is in the output becomes smaller by this; 0 for none
 * @param logitBias what is added to the logits of some tokens
 * @param stopIds a generation ends after one of these tokens, which is part of the output
 * @param maxTokens the most new tokens; 0 for as many as the model has positions for and the cache has room for
 * @param seed the seed of the draws
 * @param stopWhen a generation ends when this is true of the new tokens so far
 * @param constraint which tokens may come next; null for all
 * @param logProbabilities how many of the most probable tokens the result has with their log probabilities at each step, beside the
 *     chosen one; empty for no log probabilities
 * @param promptLogProbabilities how many of the most probable tokens the result has with their log probabilities in the place of
 *     each token of the prompt, beside that token; empty for no log probabilities
 */
public record GenerationOptions(
        double temperature,
        int topK,
        double topP,
        double minP,
        double repetitionPenalty,
        double frequencyPenalty,
        double presencePenalty,
        Map<Integer, Double> logitBias,
        Set<Integer> stopIds,
        int maxTokens,
        long seed,
        Predicate<List<Integer>> stopWhen,
        @Nullable TokenConstraint constraint,
        OptionalInt logProbabilities,
        OptionalInt promptLogProbabilities) {
    /**
     * Checks the values.
     *
     * @param temperature at least 0
     * @param topK at least 0
     * @param topP above 0 and at most 1
     * @param minP from 0 to 1
     * @param repetitionPenalty above 0
     * @param frequencyPenalty finite
     * @param presencePenalty finite
     * @param logitBias finite numbers by tokens
     * @param stopIds tokens
     * @param maxTokens at least 0
     * @param seed any number
     * @param stopWhen never null
     * @param constraint null for none
     * @param logProbabilities at least 0, or empty
     * @param promptLogProbabilities at least 0, or empty
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
        require("frequencyPenalty", "finite", frequencyPenalty, Double.isFinite(frequencyPenalty));
        require("presencePenalty", "finite", presencePenalty, Double.isFinite(presencePenalty));
        logitBias = Map.copyOf(Objects.requireNonNull(logitBias, "logitBias must not be null"));
        logitBias.forEach((id, bias) -> {
            require("logitBias", "of tokens of at least 0", id, id >= 0);
            require("logitBias", "finite", bias, Double.isFinite(bias));
        });
        require("maxTokens", "at least 1, or 0 for as many as fit", maxTokens, maxTokens >= 0);
        stopIds = Set.copyOf(Objects.requireNonNull(stopIds, "stopIds must not be null"));
        stopIds.forEach(id -> require("stopIds", "tokens of at least 0", id, id >= 0));
        Objects.requireNonNull(stopWhen, "stopWhen must not be null");
        Objects.requireNonNull(logProbabilities, "logProbabilities must not be null");
        logProbabilities.ifPresent(top -> require("logProbabilities", "at least 0", top, top >= 0));
        Objects.requireNonNull(promptLogProbabilities, "promptLogProbabilities must not be null");
        promptLogProbabilities.ifPresent(top -> require("promptLogProbabilities", "at least 0", top, top >= 0));
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
        return sampling(0).withTemperature(0);
    }

    /**
     * Returns options that draw from the probabilities of the model, at temperature 1. The same seed draws the same tokens.
     *
     * @param seed the seed of the draws
     * @return options without stop ids, for as many tokens as fit
     */
    public static GenerationOptions sampling(long seed) {
        return new GenerationOptions(
                1,
                0,
                1,
                0,
                1,
                0,
                0,
                Map.of(),
                Set.of(),
                0,
                seed,
                GenerationOptions::never,
                null,
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    /**
     * Sets the temperature.
     *
     * @param value at least 0; 0 for greedy
     * @return other options
     */
    public GenerationOptions withTemperature(double value) {
        return with(copy -> copy.temperature = value);
    }

    /**
     * Sets top-k.
     *
     * @param value at least 0; 0 for none
     * @return other options
     */
    public GenerationOptions withTopK(int value) {
        return with(copy -> copy.topK = value);
    }

    /**
     * Sets top-p.
     *
     * @param value above 0 and at most 1; 1 for none
     * @return other options
     */
    public GenerationOptions withTopP(double value) {
        return with(copy -> copy.topP = value);
    }

    /**
     * Sets min-p.
     *
     * @param value from 0 to 1; 0 for none
     * @return other options
     */
    public GenerationOptions withMinP(double value) {
        return with(copy -> copy.minP = value);
    }

    /**
     * Sets the repetition penalty.
     *
     * @param value above 0; 1 for none
     * @return other options
     */
    public GenerationOptions withRepetitionPenalty(double value) {
        return with(copy -> copy.repetitionPenalty = value);
    }

    /**
     * Sets the frequency penalty.
     *
     * @param value 0 for none
     * @return other options
     */
    public GenerationOptions withFrequencyPenalty(double value) {
        return with(copy -> copy.frequencyPenalty = value);
    }

    /**
     * Sets the presence penalty.
     *
     * @param value 0 for none
     * @return other options
     */
    public GenerationOptions withPresencePenalty(double value) {
        return with(copy -> copy.presencePenalty = value);
    }

    /**
     * Sets what is added to the logits of some tokens, such as -100 for tokens that must not come.
     *
     * @param values numbers by tokens; empty for none
     * @return other options
     */
    public GenerationOptions withLogitBias(Map<Integer, Double> values) {
        return with(copy -> copy.logitBias = values);
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
        return with(copy -> copy.stopIds = all);
    }

    /**
     * Sets the most new tokens.
     *
     * @param value at least 1
     * @return other options
     */
    public GenerationOptions withMaxTokens(int value) {
        require("maxTokens", "at least 1", value, value >= 1);
        return with(copy -> copy.maxTokens = value);
    }

    /**
     * Sets the seed of the draws.
     *
     * @param value any number
     * @return other options
     */
    public GenerationOptions withSeed(long value) {
        return with(copy -> copy.seed = value);
    }

    /**
     * Ends a generation when something is true of its new tokens.
     *
     * @param condition is given the new tokens so far, after each one
     * @return other options
     */
    public GenerationOptions withStopWhen(Predicate<List<Integer>> condition) {
        return with(copy -> copy.stopWhen = condition);
    }

    /**
     * Restricts which tokens may come next. A generation ends with a complete text, unless {@link
     * #stopWhen}, the consumer or a cancellation ends it before.
     *
     * @param value the constraint; null for none
     * @return other options
     */
    public GenerationOptions withConstraint(@Nullable TokenConstraint value) {
        return with(copy -> copy.constraint = value);
    }

    /**
     * Asks for the log probabilities of each new token and of the most probable ones in its place: the natural logarithm of the
     * softmax of the logits as the model computes them, before the constraint, the bias, the penalties, the temperature and what
     * leaves tokens out. OpenAI and vLLM define them so. They are in {@link Generation#logProbabilities}. Each token costs a copy of
     * its logits and an exponential for each token of the vocabulary.
     *
     * @param top how many of the most probable tokens; 0 for the new token alone. A smaller vocabulary has fewer
     * @return other options
     */
    public GenerationOptions withLogProbabilities(int top) {
        return with(copy -> copy.logProbabilities = OptionalInt.of(top));
    }

    /**
     * Asks for the log probabilities of each token of the prompt but the first, after those before it, and of the most probable ones in
     * its place, as {@link #withLogProbabilities} does for new tokens. They are in {@link Generation#promptLogProbabilities}. Each token
     * of the prompt costs what a new one does in the head of the model, and the keys and values of an earlier text are not used.
     *
     * @param top how many of the most probable tokens; 0 for the token of the prompt alone
     * @return other options
     */
    public GenerationOptions withPromptLogProbabilities(int top) {
        return with(copy -> copy.promptLogProbabilities = OptionalInt.of(top));
    }

    private GenerationOptions with(Consumer<Copy> change) {
        Copy copy = new Copy(this);
        change.accept(copy);
        return copy.options();
    }

    /** The values of options, of which one changes. */
    private static final class Copy {
        private double temperature;
        private int topK;
        private double topP;
        private double minP;
        private double repetitionPenalty;
        private double frequencyPenalty;
        private double presencePenalty;
        private Map<Integer, Double> logitBias;
        private Set<Integer> stopIds;
        private int maxTokens;
        private long seed;
        private Predicate<List<Integer>> stopWhen;
        private @Nullable TokenConstraint constraint;
        private OptionalInt logProbabilities;
        private OptionalInt promptLogProbabilities;

        Copy(GenerationOptions of) {
            temperature = of.temperature;
            topK = of.topK;
            topP = of.topP;
            minP = of.minP;
            repetitionPenalty = of.repetitionPenalty;
            frequencyPenalty = of.frequencyPenalty;
            presencePenalty = of.presencePenalty;
            logitBias = of.logitBias;
            stopIds = of.stopIds;
            maxTokens = of.maxTokens;
            seed = of.seed;
            stopWhen = of.stopWhen;
            constraint = of.constraint;
            logProbabilities = of.logProbabilities;
            promptLogProbabilities = of.promptLogProbabilities;
        }

        GenerationOptions options() {
            return new GenerationOptions(
                    temperature,
                    topK,
                    topP,
                    minP,
                    repetitionPenalty,
                    frequencyPenalty,
                    presencePenalty,
                    logitBias,
                    stopIds,
                    maxTokens,
                    seed,
                    stopWhen,
                    constraint,
                    logProbabilities,
                    promptLogProbabilities);
        }
    }
}
