package org.lora4j.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.Generator;
import org.lora4j.text.Perplexity;
import org.lora4j.text.TokenExample;

/**
 * How well a language model predicts the text or the answers of rows: the sum of ln p, the number of tokens, and the perplexity.
 *
 * @param reader how the texts are read
 * @param hasSum whether there is a column for the sum
 * @param hasTokens whether there is a column for the number of tokens
 * @param hasPerplexity whether there is a column for the perplexity
 */
record TextScores(DecoderReader reader, boolean hasSum, boolean hasTokens, boolean hasPerplexity)
        implements RowOutputs<BaseDecoder, List<TokenExample>> {
    @Override
    public int width() {
        return (hasSum ? 1 : 0) + (hasTokens ? 1 : 0) + (hasPerplexity ? 1 : 0);
    }

    @Override
    public List<TokenExample> read(ScoringTask.Scorer<BaseDecoder> scorer, Row row, @Nullable Object key) {
        return reader.examples(row);
    }

    @Override
    public List<Object[]> compute(ScoringTask.Scorer<BaseDecoder> scorer, List<Usable<List<TokenExample>>> rows) {
        List<Object[]> columns = new ArrayList<>();
        for (Usable<List<TokenExample>> row : rows) {
            Generator generator = Generator.of(scorer.of(row.adapter()));
            double nats = 0;
            long tokens = 0;
            for (TokenExample example : row.input()) {
                Perplexity one = example.perplexity(generator);
                nats += one.nats();
                tokens += one.tokens();
            }
            columns.add(columns(new Perplexity(nats, tokens, 0)));
        }
        return columns;
    }

    private Object[] columns(Perplexity score) {
        return Stream.of(
                        hasSum ? Stream.<Object>of(-score.nats()) : Stream.empty(),
                        hasTokens ? Stream.<Object>of(score.tokens()) : Stream.empty(),
                        hasPerplexity ? Stream.<Object>of(score.perplexity()) : Stream.empty())
                .flatMap(column -> column)
                .toArray();
    }
}
