package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.text.tools.AnswerForm;

/**
 * What a decoder is asked for.
 *
 * @param adapter the name of the adapter
 * @param prompt the tokens before
 * @param options how tokens are chosen
 * @param stops the texts that end the answer
 * @param conversation what the known part of the prompt is kept under, or null
 * @param form what is read from the answer
 * @param isParallel whether the answer may have several calls
 * @param grammar the grammar of the answer, which is not in the options before it is compiled; null for any text
 * @param echoed the characters of the prompt, if its tokens are among those of the answer; then the token that ends the answer is too
 * @param isPromptOnly whether the answer has no new token
 */
@SuppressWarnings("ArrayRecordComponent") // It is never compared.
record TextRequest(
        String adapter,
        int[] prompt,
        GenerationOptions options,
        List<String> stops,
        @Nullable String conversation,
        AnswerForm form,
        boolean isParallel,
        @Nullable AskedGrammar grammar,
        OptionalInt echoed,
        boolean isPromptOnly) {
    /** Log probabilities of the tokens of a prompt, in the form of vLLM. */
    static final String PROMPT_LOG_PROBABILITIES = "prompt_logprobs";

    /** Begins an answer with the text of its prompt. */
    static final String ECHO = "echo";

    /** The fields that decide how tokens are chosen. */
    static final Set<String> FIELDS = Set.of(
            "model",
            "temperature",
            "top_p",
            // Those of vLLM.
            "top_k",
            "min_p",
            "repetition_penalty",
            "frequency_penalty",
            "presence_penalty",
            "logit_bias",
            "seed",
            "stream",
            "prompt_cache_key");

    private static final Pattern ID = Pattern.compile("[0-9]{1,9}");
    /** OpenAI's API takes 4; tests of language models have more. */
    private static final int MOST_STOPS = 16;

    private static final double HIGHEST_TEMPERATURE = 2;
    private static final double HIGHEST_REPETITION = 100;
    private static final double HIGHEST_PENALTY = 2;
    private static final double HIGHEST_BIAS = 100;

    /**
     * Reads the fields.
     *
     * @param decoder the decoder, which may take fewer new tokens than the request says
     * @param defaultTokens the most new tokens if the request does not say
     */
    static TextRequest of(
            JsonBody body, String adapter, TextForm.Prompt prompt, ServedDecoder decoder, int defaultTokens) {
        int fewest = body.get(PROMPT_LOG_PROBABILITIES) != null || body.flag(ECHO) ? 0 : 1;
        long own = body.whole("max_tokens", defaultTokens, fewest, Long.MAX_VALUE);
        long ofChat = body.whole("max_completion_tokens", own, fewest, Long.MAX_VALUE);
        long asked = body.whole("max_output_tokens", ofChat, fewest, Long.MAX_VALUE);
        int most = (int) Math.min(asked, decoder.maxNewTokens());
        long seed = body.whole("seed", ThreadLocalRandom.current().nextLong(), Long.MIN_VALUE, Long.MAX_VALUE);
        GenerationOptions options = GenerationOptions.sampling(seed)
                .withTemperature(body.number("temperature", 1, 0, HIGHEST_TEMPERATURE))
                // Zero is meant as: the most probable token.
                .withTopP(Math.max(Double.MIN_NORMAL, body.number("top_p", 1, 0, 1)))
                .withTopK(topK(body))
                .withMinP(body.number("min_p", 0, 0, 1))
                .withRepetitionPenalty(body.number("repetition_penalty", 1, 1 / HIGHEST_REPETITION, HIGHEST_REPETITION))
                .withFrequencyPenalty(body.number("frequency_penalty", 0, -HIGHEST_PENALTY, HIGHEST_PENALTY))
                .withPresencePenalty(body.number("presence_penalty", 0, -HIGHEST_PENALTY, HIGHEST_PENALTY))
                .withLogitBias(logitBias(body))
                // A prompt alone is computed as one with a new token that nobody sees.
                .withMaxTokens(Math.max(1, most));
        return new TextRequest(
                adapter,
                prompt.tokens(),
                decoder.tokens().fitting(options, prompt.tokens().length),
                body.texts("stop", MOST_STOPS),
                body.textOrNull("prompt_cache_key"),
                prompt.form(),
                prompt.isParallel(),
                prompt.grammar(),
                OptionalInt.empty(),
                most == 0);
    }

    private static Map<Integer, Double> logitBias(JsonBody body) {
        String rule = "an object with numbers from -100 to 100 by the ids of tokens";
        JsonNode given = body.get("logit_bias");
        if (given == null) {
            return Map.of();
        }
        if (!given.isObject()) {
            throw JsonBody.wrong("logit_bias", rule, given);
        }
        Map<Integer, Double> biases = new HashMap<>();
        given.properties().forEach(field -> {
            JsonNode bias = field.getValue();
            if (!ID.matcher(field.getKey()).matches()
                    || !bias.isNumber()
                    || !(Math.abs(bias.doubleValue()) <= HIGHEST_BIAS)) {
                throw JsonBody.wrong("logit_bias", rule, given);
            }
            biases.put(Integer.valueOf(field.getKey()), bias.doubleValue());
        });
        return biases;
    }

    /** Other servers take -1 for all tokens. */
    private static int topK(JsonBody body) {
        return (int) Math.max(0, body.whole("top_k", 0, -1, Integer.MAX_VALUE));
    }

    /**
     * Returns the same request for another answer.
     *
     * @param number the number of the answer; 0 is this one
     */
    TextRequest another(int number) {
        // Only one generation at a time can use what is known of a conversation.
        return number == 0
                ? this
                : new TextRequest(
                        adapter,
                        prompt,
                        options.withSeed(options.seed() + number),
                        stops,
                        null,
                        form,
                        isParallel,
                        grammar,
                        echoed,
                        isPromptOnly);
    }

    TextRequest withConstraint(TokenConstraint constraint) {
        return with(options.withConstraint(constraint));
    }

    TextRequest withStopWhen(Predicate<List<Integer>> condition) {
        return with(options.withStopWhen(condition));
    }

    /**
     * Asks for log probabilities.
     *
     * @param top how many of the most probable tokens; empty for no log probabilities
     */
    TextRequest withLogProbabilities(OptionalInt top) {
        return top.isEmpty() ? this : with(options.withLogProbabilities(top.getAsInt()));
    }

    /**
     * Asks for log probabilities of the tokens of the prompt.
     *
     * @param top how many of the most probable tokens; empty for no log probabilities
     */
    TextRequest withPromptLogProbabilities(OptionalInt top) {
        return top.isEmpty() ? this : with(options.withPromptLogProbabilities(top.getAsInt()));
    }

    /** Lets the tokens of the prompt, which is a text of so many characters, be among those of the answer. */
    TextRequest withEchoed(int characters) {
        return new TextRequest(
                adapter,
                prompt,
                options,
                stops,
                conversation,
                form,
                isParallel,
                grammar,
                OptionalInt.of(characters),
                isPromptOnly);
    }

    private TextRequest with(GenerationOptions others) {
        return new TextRequest(
                adapter, prompt, others, stops, conversation, form, isParallel, grammar, echoed, isPromptOnly);
    }
}
