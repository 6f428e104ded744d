package org.lora4j.cli.serve;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.GenerationOptions;

/**
 * What a decoder is asked for.
 *
 * @param adapter the name of the adapter
 * @param prompt the tokens before
 * @param options how tokens are chosen
 * @param stops the texts that end the answer
 * @param conversation what the known part of the prompt is kept under, or null
 */
@SuppressWarnings("ArrayRecordComponent") // It is never compared.
record TextRequest(
        String adapter,
        int[] prompt,
        GenerationOptions options,
        List<String> stops,
        @Nullable String conversation) {
    /** The fields that decide how tokens are chosen. */
    static final Set<String> FIELDS = Set.of(
            "model",
            "temperature",
            "top_p",
            "seed",
            "max_tokens",
            "stop",
            "stream",
            "stream_options",
            "prompt_cache_key");

    private static final int MOST_STOPS = 4;
    private static final double HIGHEST_TEMPERATURE = 2;

    /**
     * Reads the fields.
     *
     * @param decoder the decoder, which may take fewer new tokens than the request says
     * @param defaultTokens the most new tokens if the request does not say
     */
    static TextRequest of(JsonBody body, String adapter, int[] prompt, ServedDecoder decoder, int defaultTokens) {
        long own = body.whole("max_tokens", defaultTokens, 1, Long.MAX_VALUE);
        long asked = body.whole("max_completion_tokens", own, 1, Long.MAX_VALUE);
        int most = (int) Math.min(asked, decoder.maxNewTokens());
        long seed = body.whole("seed", ThreadLocalRandom.current().nextLong(), Long.MIN_VALUE, Long.MAX_VALUE);
        GenerationOptions options = GenerationOptions.sampling(seed)
                .withTemperature(body.number("temperature", 1, 0, HIGHEST_TEMPERATURE))
                // Zero is meant as: the most probable token.
                .withTopP(Math.max(Double.MIN_NORMAL, body.number("top_p", 1, 0, 1)))
                .withMaxTokens(most);
        return new TextRequest(
                adapter,
                prompt,
                decoder.tokens().fitting(options, prompt.length),
                body.texts("stop", MOST_STOPS),
                body.textOrNull("prompt_cache_key"));
    }

    TextRequest withStopWhen(Predicate<List<Integer>> condition) {
        return new TextRequest(adapter, prompt, options.withStopWhen(condition), stops, conversation);
    }
}
