package org.lora4j.cli.language;

import java.util.Arrays;
import java.util.List;
import org.lora4j.cli.train.Examples;
import org.lora4j.text.data.TokenExample;

/** The examples of one side of a split. */
final class TokenExamples extends Examples {
    private final List<TokenExample> all;

    TokenExamples(List<TokenExample> all) {
        super(all);
        this.all = all;
    }

    @Override
    protected Tokenized tokenize(int... indices) {
        List<TokenExample> some = Arrays.stream(indices).mapToObj(all::get).toList();
        return new Tokenized(
                TokenExample.batch(some),
                some.stream().map(TokenExample::length).toList());
    }
}
