package org.lora4j.spark.internal.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.lora4j.generate.Generator;
import org.lora4j.generate.LogProbabilities;
import org.lora4j.nn.input.Sequences;
import org.lora4j.spark.internal.base.BaseDecoder;
import org.lora4j.spark.internal.rows.DecoderReader;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How well a language model predicts the text or the answers of rows: the sum of ln p, the number of tokens, and the perplexity.
 * Short texts are computed together, whatever their adapters are. Long ones are computed alone, some tokens at a time.
 *
 * @param reader how the texts are read
 * @param hasSum whether there is a column for the sum
 * @param hasTokens whether there is a column for the number of tokens
 * @param hasPerplexity whether there is a column for the perplexity
 * @param mostLogits the most logits that are in memory at a time, if several texts are computed together
 */
public record TextScores(
        DecoderReader reader, boolean hasSum, boolean hasTokens, boolean hasPerplexity, long mostLogits)
        implements RowOutputs<BaseDecoder, List<TokenExample>> {
    /** 64 MB in FLOAT. */
    public static final long MOST_LOGITS = 1 << 24;

    /**
     * One text of a row.
     *
     * @param row the number of the row
     * @param adapter its adapter
     * @param example the text
     */
    private record Part(int row, String adapter, TokenExample example) {}

    @Override
    public int width() {
        return (hasSum ? 1 : 0) + (hasTokens ? 1 : 0) + (hasPerplexity ? 1 : 0);
    }

    @Override
    public List<TokenExample> read(ScoringTask.Scorer<BaseDecoder> scorer, Row row, String adapter) {
        return reader.examples(row);
    }

    @Override
    public List<Object[]> compute(ScoringTask.Scorer<BaseDecoder> scorer, List<Usable<List<TokenExample>>> rows) {
        Perplexity[] sums = new Perplexity[rows.size()];
        Arrays.fill(sums, Perplexity.NONE);
        long mostTokens = mostLogits / scorer.model().outputSize();
        List<Part> together = new ArrayList<>();
        long tokens = 0;
        for (Part part : parts(rows)) {
            int length = part.example().length();
            if (2L * length > mostTokens) {
                add(sums, part, part.example().perplexity(Generator.of(scorer.of(part.adapter()))));
                continue;
            }
            if (tokens + length > mostTokens) {
                addAll(scorer, together, sums);
                together.clear();
                tokens = 0;
            }
            together.add(part);
            tokens += length;
        }
        addAll(scorer, together, sums);
        return Arrays.stream(sums).map(this::columns).toList();
    }

    /** Texts of one adapter are next to each other, because longer runs of rows take fewer products. */
    private static List<Part> parts(List<Usable<List<TokenExample>>> rows) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            for (TokenExample example : rows.get(i).input()) {
                parts.add(new Part(i, rows.get(i).adapter(), example));
            }
        }
        parts.sort(Comparator.comparing(Part::adapter));
        return parts;
    }

    private static void addAll(ScoringTask.Scorer<BaseDecoder> scorer, List<Part> parts, Perplexity[] sums) {
        if (parts.isEmpty()) {
            return;
        }
        Sequences texts =
                Sequences.of(parts.stream().map(part -> part.example().ids()).toArray(int[][]::new));
        try (INDArray logits = scorer.cache() == null
                ? scorer.of(parts.get(0).adapter()).predict(texts)
                : scorer.model()
                        .predict(texts, parts.stream().map(Part::adapter).toList())) {
            int first = 0;
            for (Part part : parts) {
                add(sums, part, perplexity(part.example(), logits, first));
                first += part.example().length();
            }
        }
    }

    /** The logits of a token are in the row of the token before it. */
    private static Perplexity perplexity(TokenExample example, INDArray logits, int first) {
        int[] ids = example.ids();
        boolean[] learned = example.learned();
        double nats = 0;
        for (int i = 1; i < ids.length; i++) {
            if (learned[i]) {
                nats -= LogProbabilities.ofToken(
                        logits.getRow(first + i - 1).castTo(DataType.DOUBLE).toDoubleVector(), ids[i]);
            }
        }
        return new Perplexity(nats, example.learnedTokens(), 0);
    }

    private static void add(Perplexity[] sums, Part part, Perplexity one) {
        Perplexity sum = sums[part.row()];
        sums[part.row()] = new Perplexity(sum.nats() + one.nats(), sum.tokens() + one.tokens(), 0);
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
