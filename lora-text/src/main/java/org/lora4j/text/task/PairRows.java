package org.lora4j.text.task;

import java.util.List;
import java.util.function.Function;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.internal.TextCheck;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.TextTokens;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Pairs of texts on an encoder, which reads both texts of a pair together.
 *
 * @param model the tokens of the model
 * @param answers makes an answer of each row of outputs
 */
record PairRows<R>(TextTokens model, Function<INDArray, List<R>> answers) implements RowModel<List<TextPair>, R> {
    /** Returns the length of all texts of pairs, of which there must be at least one. */
    static long length(List<TextPair> pairs) {
        TextCheck.requireAll("pairs", pairs);
        return pairs.stream()
                .mapToLong(pair -> (long) pair.first().length() + pair.second().length())
                .sum();
    }

    @Override
    public long characters(List<TextPair> asked) {
        return length(asked);
    }

    @Override
    public Sequences tokens(List<TextPair> asked) {
        return model.pairs(asked);
    }

    @Override
    public List<R> read(List<TextPair> asked, INDArray outputs) {
        return answers.apply(outputs);
    }

    @Override
    public int maxTokens() {
        return model.tokenizer().maxTokens();
    }
}
