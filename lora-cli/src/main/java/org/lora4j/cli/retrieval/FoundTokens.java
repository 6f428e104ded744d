package org.lora4j.cli.retrieval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lora4j.cli.train.Examples;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.EncoderFolder;
import org.lora4j.train.Batch;

/** Queries, and texts that belong to them or not, as tokens. */
final class FoundTokens extends Examples {
    private final EncoderFolder encoder;
    private final List<FoundTexts> texts;
    private final boolean hasNegatives;

    /** Creates examples of queries, at least one. Either all of them have a negative or none. */
    FoundTokens(EncoderFolder encoder, List<FoundTexts> texts) {
        super(texts);
        this.encoder = encoder;
        this.texts = texts;
        hasNegatives = texts.get(0).negative() != null;
    }

    boolean hasNegatives() {
        return hasNegatives;
    }

    @Override
    protected Tokenized tokenize(int... indices) {
        List<FoundTexts> some = Arrays.stream(indices).mapToObj(texts::get).toList();
        List<Sequences> parts = new ArrayList<>();
        parts.add(encoder.queries(some.stream().map(FoundTexts::query).toList()));
        parts.add(encoder.documents(some.stream().map(FoundTexts::positive).toList()));
        if (hasNegatives) {
            parts.add(encoder.documents(some.stream()
                    .map(FoundTexts::negative)
                    .map(Objects::requireNonNull)
                    .toList()));
        }
        List<Integer> lengths = new ArrayList<>();
        for (int i = 0; i < indices.length; i++) {
            int length = 0;
            for (Sequences part : parts) {
                length += part.length(i);
            }
            lengths.add(length);
        }
        return new Tokenized(
                hasNegatives
                        ? Batch.ofTriples(parts.get(0), parts.get(1), parts.get(2))
                        : Batch.ofPairs(parts.get(0), parts.get(1)),
                lengths);
    }
}
