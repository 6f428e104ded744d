package org.lora4j.cli.language;

import java.util.Arrays;
import java.util.List;
import org.lora4j.cli.train.Examples;
import org.lora4j.text.TokenExample;
import org.lora4j.train.Batch;

/**
 * The examples of one side of a split.
 *
 * @param all the examples
 */
record TokenExamples(List<TokenExample> all) implements Examples {
    @Override
    public int size() {
        return all.size();
    }

    @Override
    public int length(int example) {
        return all.get(example).length();
    }

    @Override
    public Batch batch(int... indices) {
        return TokenExample.batch(Arrays.stream(indices).mapToObj(all::get).toList());
    }

    @Override
    public int contentHash() {
        return all.stream().map(TokenExample::contentHash).toList().hashCode();
    }
}
