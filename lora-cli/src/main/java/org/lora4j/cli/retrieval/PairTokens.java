package org.lora4j.cli.retrieval;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lora4j.cli.train.Examples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.EncoderFolder;
import org.lora4j.train.Batch;
import org.nd4j.linalg.factory.Nd4j;

/** The tokens of pairs, and whether they belong together. */
record PairTokens(List<RankedPair> pairs, Sequences sequences) implements Examples {
    static PairTokens of(EncoderFolder encoder, List<RankedPair> pairs) {
        return new PairTokens(
                pairs, encoder.pairs(pairs.stream().map(RankedPair::pair).toList()));
    }

    @Override
    public int size() {
        return pairs.size();
    }

    @Override
    public int length(int pair) {
        return sequences.length(pair);
    }

    @Override
    public int contentHash() {
        return Objects.hash(sequences, pairs.stream().map(RankedPair::right).toList());
    }

    @Override
    public Batch batch(int... indices) {
        float[][] labels = new float[indices.length][1];
        for (int i = 0; i < indices.length; i++) {
            labels[i][0] = pairs.get(indices[i]).right() ? 1 : 0;
        }
        return new Batch(
                Sequences.concat(Arrays.stream(indices)
                        .mapToObj(i -> sequences.part(i, i + 1))
                        .toList()),
                Nd4j.createFromArray(labels));
    }
}
