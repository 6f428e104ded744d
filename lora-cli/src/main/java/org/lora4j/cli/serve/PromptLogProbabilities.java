package org.lora4j.cli.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.LogProbabilities.OfToken;
import org.lora4j.text.tokens.TokenStream;
import org.lora4j.text.tokens.Tokenizer;

/**
 * Which log probabilities of the tokens of its prompt a request asks for.
 *
 * @param echoed how many of the most probable tokens each token of the prompt has among those of the answer; empty if they are not there
 * @param listed how many it has in vLLM's list; empty for no list
 */
record PromptLogProbabilities(OptionalInt echoed, OptionalInt listed) {
    /** That of vLLM. */
    private static final int MOST = 20;

    /**
     * Reads what a request asks for.
     *
     * @param ofAnswer how many of the most probable tokens each new token has; empty for no log probabilities
     * @throws ApiException if it asks for a stream of them
     */
    static PromptLogProbabilities of(JsonBody body, OptionalInt ofAnswer, boolean isStream) {
        String field = TextRequest.PROMPT_LOG_PROBABILITIES;
        OptionalInt listed =
                body.get(field) == null ? OptionalInt.empty() : OptionalInt.of((int) body.whole(field, 0, 0, MOST));
        OptionalInt echoed = body.flag(TextRequest.ECHO) ? ofAnswer : OptionalInt.empty();
        if (isStream) {
            requireEmpty(listed, field, "");
            requireEmpty(echoed, "logprobs", " and echo");
        }
        return new PromptLogProbabilities(echoed, listed);
    }

    private static void requireEmpty(OptionalInt asked, String field, String others) {
        if (asked.isPresent()) {
            throw ApiException.unsupported(
                    field,
                    field + " is not supported beside stream" + others
                            + ", because the log probabilities of a prompt come as a whole; leave one of them out");
        }
    }

    /** How many of the most probable tokens are computed for each token; empty if none are. */
    OptionalInt computed() {
        return IntStream.concat(echoed.stream(), listed.stream()).max();
    }

    /** Returns the tokens of a prompt as those of an answer, given the log probabilities of all but the first. */
    List<AnswerToken> tokens(Tokenizer tokenizer, int[] prompt, List<OfToken> found) {
        AnswerTokens tokens = new AnswerTokens(tokenizer, 0);
        TokenStream text = tokenizer.stream();
        for (int i = 0; i < prompt.length; i++) {
            @Nullable OfToken ofToken = i == 0 ? null : most(found.get(i - 1), echoed);
            tokens.add(prompt[i], ofToken, text.add(prompt[i]));
        }
        return tokens.rest();
    }

    /** Returns the list of vLLM, of all tokens but the first. */
    List<OfToken> list(List<OfToken> found) {
        List<OfToken> list = new ArrayList<>();
        found.forEach(one -> list.add(most(one, listed)));
        return list;
    }

    /** Leaves the probable tokens out that only the other form has. */
    private static OfToken most(OfToken found, OptionalInt top) {
        int most = Math.min(found.top().size(), top.orElse(0));
        return new OfToken(found.chosen(), found.rank(), found.top().subList(0, most));
    }
}
