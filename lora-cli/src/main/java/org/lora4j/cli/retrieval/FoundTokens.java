package org.lora4j.cli.retrieval;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.Examples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.EncoderFolder;
import org.lora4j.train.Batch;

/** The tokens of queries, and of the texts that belong to them or not. */
record FoundTokens(
        Sequences queries, Sequences positives, @Nullable Sequences negatives) implements Examples {
    static FoundTokens of(EncoderFolder encoder, List<FoundTexts> examples) {
        return new FoundTokens(
                encoder.queries(examples.stream().map(FoundTexts::query).toList()),
                encoder.documents(examples.stream().map(FoundTexts::positive).toList()),
                examples.get(0).negative() == null
                        ? null
                        : encoder.documents(examples.stream()
                                .map(FoundTexts::negative)
                                .map(Objects::requireNonNull)
                                .toList()));
    }

    @Override
    public int size() {
        return queries.count();
    }

    @Override
    public int length(int example) {
        return queries.length(example)
                + positives.length(example)
                + (negatives == null ? 0 : negatives.length(example));
    }

    @Override
    public int contentHash() {
        return Objects.hash(queries, positives, negatives);
    }

    @Override
    public Batch batch(int... indices) {
        Sequences wrong = negatives;
        return wrong == null
                ? Batch.ofPairs(some(queries, indices), some(positives, indices))
                : Batch.ofTriples(some(queries, indices), some(positives, indices), some(wrong, indices));
    }

    private static Sequences some(Sequences all, int... indices) {
        return Sequences.concat(
                Arrays.stream(indices).mapToObj(i -> all.part(i, i + 1)).toList());
    }
}
