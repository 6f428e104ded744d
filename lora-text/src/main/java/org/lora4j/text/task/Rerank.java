package org.lora4j.text.task;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.Labels;
import org.lora4j.text.tokens.RerankPrompt;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.TextTokens;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The task of a model that scores pairs of texts, a query and a document each. An answer is a score.
 *
 * @param head what the score is computed from
 * @param maxTokens where pairs are cut: the longer text first, or the document in the prompt of a decoder; empty for where the files of
 *     the model say, or 8,192 tokens for a decoder
 */
public record Rerank(Head head, OptionalInt maxTokens) implements RowTask<List<TextPair>, PairScore> {
    private static final Labels ONE = Labels.numbered(1);

    /**
     * Checks the head.
     *
     * @param head what the score is computed from
     * @param maxTokens where pairs are cut
     * @throws IllegalArgumentException if the head gives no score
     */
    public Rerank {
        Objects.requireNonNull(maxTokens, "maxTokens must not be null");
        Objects.requireNonNull(head, "head must not be null");
        if (head != Head.YES_NO && (!head.classifiesTexts() || head == Head.LAST)) {
            throw new IllegalArgumentException(
                    "head of a reranker must be one of [mean, pooler, yes_no], found '" + head.text() + "'");
        }
    }

    @Override
    public Rerank with(TaskSettings asked) {
        asked.requireNoneOfEmbeddings(this);
        return new Rerank(head, asked.maxTokensOr(maxTokens));
    }

    @Override
    public String does() {
        return "scores pairs of texts";
    }

    @Override
    public void requireFits(Object where, LoRAAdapter adapter, boolean hasOwn) throws IOException {
        SavedClassifier.require(where, adapter, ONE, hasOwn || head == Head.YES_NO);
    }

    @Override
    public int limit(TextTokens tokens) {
        return maxTokens.orElseGet(() -> head == Head.YES_NO
                ? RerankPrompt.limit(tokens.positions())
                : tokens.rules().maxTokens());
    }

    @Override
    public RowModel<List<TextPair>, PairScore> on(TextTokens tokens, Network network) {
        Objects.requireNonNull(tokens, "tokens must not be null");
        Objects.requireNonNull(network, "network must not be null");
        return head == Head.YES_NO
                ? new OnDecoder(RerankPrompt.of(tokens.tokenizer(), tokens.positions(), maxTokens))
                : new PairRows<>(tokens.withMaxTokens(limit(tokens)), Rerank::scores);
    }

    private static List<PairScore> scores(INDArray outputs) {
        if (outputs.size(1) != 1) {
            throw new IllegalArgumentException("the model must have one output for scores, found " + outputs.size(1));
        }
        return Arrays.stream(outputs.toFloatMatrix())
                .map(row -> new PairScore(row[0]))
                .toList();
    }

    /** Scores of a decoder, which is asked a question. */
    private record OnDecoder(RerankPrompt prompt) implements RowModel<List<TextPair>, PairScore> {
        @Override
        public long characters(List<TextPair> asked) {
            return PairRows.length(asked);
        }

        @Override
        public Sequences tokens(List<TextPair> asked) {
            return prompt.tokens(asked);
        }

        @Override
        public List<PairScore> read(List<TextPair> asked, INDArray outputs) {
            return scores(outputs);
        }

        @Override
        public int maxTokens() {
            return prompt.maxTokens();
        }
    }
}
