package org.lora4j.text.tokens;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.internal.TextCheck;

/**
 * The prompt of Qwen3-Reranker (<a href="https://arxiv.org/abs/2506.05176">arXiv:2506.05176</a>), as the card of the model has it. It
 * asks whether a document meets the requirements of a query, and the model answers with the next token, yes or no.
 */
public final class RerankPrompt {
    /** The prompt is long, and the card allows so many tokens. */
    private static final int MOST_TOKENS = 8192;

    private static final String BEFORE = "<|im_start|>system\n"
            + "Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the"
            + " answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n";
    private static final String QUERY =
            "<Instruct>: Given a web search query, retrieve relevant passages that answer the query\n<Query>: ";
    private static final String DOCUMENT = "\n<Document>: ";
    private static final String AFTER = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n";

    private final int[] before;
    private final int[] after;
    private final int yes;
    private final int no;

    private final int maxTokens;

    /** Cuts the query and the document together where the model has no more room for them. */
    private final Tokenizer middle;

    private final int room;

    /**
     * Makes the prompt of a model.
     *
     * @param tokenizer the tokenizer of a decoder
     * @param positions the longest sequence of the model
     * @param maxTokens where a prompt is cut, at the end of the document; by default at 8,192 tokens, or the longest sequence
     * @return the prompt
     * @throws IllegalArgumentException if the vocabulary has no token for yes or no, there is no room for a query, or the model does
     *     not take so long prompts
     */
    public static RerankPrompt of(Tokenizer tokenizer, int positions, OptionalInt maxTokens) {
        Objects.requireNonNull(tokenizer, "tokenizer must not be null");
        Objects.requireNonNull(maxTokens, "maxTokens must not be null");
        if (maxTokens.isPresent()) {
            TextRules.requireWithin(positions, maxTokens.getAsInt());
        }
        return new RerankPrompt(tokenizer.withMaxTokens(maxTokens.orElse(limit(positions))));
    }

    /**
     * Returns where prompts are cut if nobody says it.
     *
     * @param positions the longest sequence of the model
     * @return 8,192 tokens, or the longest sequence
     */
    public static int limit(int positions) {
        return Math.min(positions, MOST_TOKENS);
    }

    /**
     * Makes the parts of the prompt that all pairs share.
     *
     * @param tokenizer cuts a whole prompt
     * @throws IllegalArgumentException if the vocabulary has no token for yes or no, or there is no room for a query
     */
    private RerankPrompt(Tokenizer tokenizer) {
        maxTokens = tokenizer.maxTokens();
        yes = require(tokenizer, "yes");
        no = require(tokenizer, "no");
        before = tokenizer.ids(BEFORE, false);
        after = tokenizer.ids(AFTER, false);
        int fixed = before.length + after.length;
        room = tokenizer.maxTokens() - fixed;
        int least = fixed + tokenizer.ids(QUERY + DOCUMENT, false).length;
        if (tokenizer.maxTokens() < least + 2) {
            throw new IllegalArgumentException("maxTokens must be at least " + (least + 2)
                    + " for the prompt of a reranker, a query" + " and a document, found " + tokenizer.maxTokens());
        }
        middle = tokenizer.withMaxTokens(room);
    }

    private static int require(Tokenizer tokenizer, String token) {
        return tokenizer
                .tokenId(token)
                .orElseThrow(
                        () -> new IllegalArgumentException("a cross-encoder needs an encoder of the BERT family, or a"
                                + " decoder with the tokens 'yes' and 'no', found a decoder without the token '" + token
                                + "'"));
    }

    /**
     * Returns where prompts are cut.
     *
     * @return the most tokens of one
     */
    public int maxTokens() {
        return maxTokens;
    }

    /**
     * Returns what answers the prompt.
     *
     * @param decoder the model of the tokenizer
     * @return a network whose output is the logit of yes minus that of no
     */
    public Network answer(PretrainedModel decoder) {
        return decoder.tokenScore(yes, no);
    }

    /**
     * Returns the prompts of pairs. What does not fit is cut from the end of the document.
     *
     * @param pairs queries and documents, at least one
     * @return a sequence for each pair
     * @throws IllegalArgumentException if a query leaves no room for a document
     */
    public Sequences tokens(List<TextPair> pairs) {
        TextCheck.requireAll("pairs", pairs);
        return Sequences.of(IntStream.range(0, pairs.size())
                .mapToObj(i -> tokens(pairs.get(i), i))
                .toArray(int[][]::new));
    }

    private int[] tokens(TextPair pair, int number) {
        String start = QUERY + pair.first() + DOCUMENT;
        TokenizedText query = middle.encodeRendered(start);
        if (query.isCut() || query.size() == room) {
            throw new IllegalArgumentException("the query must leave room for a document within the " + room
                    + " tokens beside the prompt of a reranker, found a longer one in pair " + number
                    + "; choose a higher limit or a shorter query");
        }
        int[] both = middle.encodeRendered(start + pair.second()).ids();
        return Stream.of(before, both, after).flatMapToInt(Arrays::stream).toArray();
    }
}
