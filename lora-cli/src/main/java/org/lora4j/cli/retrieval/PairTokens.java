package org.lora4j.cli.retrieval;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.cli.train.Examples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextClassifier;
import org.lora4j.train.Batch;
import org.nd4j.linalg.factory.Nd4j;

/** Pairs as tokens, and whether they belong together. */
final class PairTokens extends Examples {
    private final TextClassifier classifier;
    private final List<RankedPair> pairs;

    PairTokens(TextClassifier classifier, List<RankedPair> pairs) {
        super(pairs);
        this.classifier = classifier;
        this.pairs = pairs;
    }

    @Override
    protected Tokenized tokenize(int... indices) {
        List<RankedPair> some = Arrays.stream(indices).mapToObj(pairs::get).toList();
        Sequences sequences =
                classifier.pairs(some.stream().map(RankedPair::pair).toList());
        float[][] labels = new float[indices.length][1];
        for (int i = 0; i < indices.length; i++) {
            labels[i][0] = some.get(i).right() ? 1 : 0;
        }
        return new Tokenized(
                new Batch(sequences, Nd4j.createFromArray(labels)),
                IntStream.range(0, indices.length).mapToObj(sequences::length).toList());
    }
}
