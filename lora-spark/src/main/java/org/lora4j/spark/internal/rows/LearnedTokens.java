package org.lora4j.spark.internal.rows;

import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Model;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Sequences of tokens, some of which a language model learns to predict. They have no other labels. */
final class LearnedTokens extends Inputs {
    private static final long serialVersionUID = 1L;

    private final int[][] ids;
    private final boolean[][] learned;

    private LearnedTokens(int[][] ids, boolean[][] learned) {
        this.ids = ids;
        this.learned = learned;
    }

    static LearnedTokens of(TokenExample example) {
        return new LearnedTokens(new int[][] {example.ids()}, new boolean[][] {example.learned()});
    }

    private List<TokenExample> examples(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> new TokenExample(ids[i], learned[i]))
                .toList();
    }

    @Override
    Inputs joined(List<Inputs> parts) {
        List<LearnedTokens> all = parts.stream().map(LearnedTokens.class::cast).toList();
        return new LearnedTokens(
                all.stream().flatMap(part -> Arrays.stream(part.ids)).toArray(int[][]::new),
                all.stream().flatMap(part -> Arrays.stream(part.learned)).toArray(boolean[][]::new));
    }

    @Override
    void addTo(RowHash hash) {
        for (int i = 0; i < ids.length; i++) {
            boolean[] counts = learned[i];
            int[] labels = new int[counts.length];
            Arrays.setAll(labels, j -> counts[j] ? 1 : 0);
            hash.add(ids[i]);
            hash.add(labels);
        }
    }

    @Override
    public int tokens(int from, int to) {
        return IntStream.range(from, to).map(i -> ids[i].length).sum();
    }

    @Override
    public int count() {
        return ids.length;
    }

    @Override
    Sequences input(int from, int to) {
        return Sequences.of(Arrays.copyOfRange(ids, from, to));
    }

    @Override
    Batch batch(int from, int to, Supplier<INDArray> labels) {
        return TokenExample.batch(examples(from, to));
    }

    /** Each token that counts has the weight 1. */
    @Override
    public PartialLoss loss(Model view, Loss loss, int from, int to, double weight, Supplier<INDArray> labels) {
        Generator generator = Generator.of(view);
        PartialLoss sum = PartialLoss.NONE;
        for (TokenExample example : examples(from, to)) {
            Perplexity one = example.perplexity(generator);
            sum = sum.plus(new PartialLoss(one.tokens(), one.nats()));
        }
        return sum;
    }
}
