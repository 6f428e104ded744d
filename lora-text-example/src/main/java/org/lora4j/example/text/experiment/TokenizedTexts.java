package org.lora4j.example.text.experiment;

import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.Tokenizer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The tokens of texts, which can be taken one by one. */
final class TokenizedTexts {
    /** Enough that the products of matrices are large; more would not be faster. */
    private static final int BATCH_SIZE = 32;

    private final Sequences all;

    private TokenizedTexts(Sequences all) {
        this.all = all;
    }

    static TokenizedTexts of(Tokenizer tokens, List<String> texts) {
        return new TokenizedTexts(tokens.sequences(texts));
    }

    int size() {
        return all.count();
    }

    /** Returns the number of tokens of all texts. */
    int tokens() {
        return all.tokens();
    }

    /** Returns a batch of some of the texts, in this order. */
    Sequences batch(int... indices) {
        return Sequences.concat(
                Arrays.stream(indices).mapToObj(i -> all.part(i, i + 1)).toList());
    }

    /** Returns the first texts. */
    TokenizedTexts first(int most) {
        return new TokenizedTexts(all.part(0, Math.min(most, size())));
    }

    /** Computes a row for each text, batch by batch. */
    INDArray map(Function<Sequences, INDArray> network) {
        List<INDArray> parts = IntStream.iterate(0, from -> from < size(), from -> from + BATCH_SIZE)
                .mapToObj(from -> network.apply(all.part(from, Math.min(size(), from + BATCH_SIZE))))
                .toList();
        return Nd4j.concat(0, parts.toArray(INDArray[]::new));
    }
}
