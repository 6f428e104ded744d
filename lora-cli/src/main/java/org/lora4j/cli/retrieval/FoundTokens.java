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
    private final RightTexts right;
    private final boolean hasNegatives;

    /** Creates examples of queries, at least one. Either all of them have a negative or none. */
    FoundTokens(EncoderFolder encoder, List<FoundTexts> texts, RightTexts right) {
        super(texts);
        this.encoder = encoder;
        this.texts = texts;
        this.right = right;
        hasNegatives = texts.get(0).negative() != null;
    }

    boolean hasNegatives() {
        return hasNegatives;
    }

    @Override
    protected Tokenized tokenize(int... indices) {
        List<FoundTexts> some = Arrays.stream(indices).mapToObj(texts::get).toList();
        List<String> candidates =
                new ArrayList<>(some.stream().map(FoundTexts::positive).toList());
        List<Sequences> parts = new ArrayList<>();
        parts.add(encoder.queries(some.stream().map(FoundTexts::query).toList()));
        parts.add(encoder.documents(List.copyOf(candidates)));
        if (hasNegatives) {
            List<String> negatives = some.stream()
                    .map(FoundTexts::negative)
                    .map(Objects::requireNonNull)
                    .toList();
            candidates.addAll(negatives);
            parts.add(encoder.documents(negatives));
        }
        List<Integer> lengths = new ArrayList<>();
        for (int i = 0; i < indices.length; i++) {
            int length = 0;
            for (Sequences part : parts) {
                length += part.length(i);
            }
            lengths.add(length);
        }
        Batch batch = hasNegatives
                ? Batch.ofTriples(parts.get(0), parts.get(1), parts.get(2))
                : Batch.ofPairs(parts.get(0), parts.get(1));
        return new Tokenized(batch.withPositives(right.of(some, candidates)), lengths);
    }
}
