package org.lora4j.text.job;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.RetrievalExample;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Task;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.TrainableEmbed;

/** Learns embeddings with which a query finds the texts that belong to it. */
final class EmbeddingsJob extends EncoderJob<RetrievalExample, TrainableEmbed> {
    private static final String NEGATIVE = "negative";

    private final EncoderFolder encoder;

    /** Whether rows have negatives; null before the first row. */
    private @Nullable Boolean hasNegatives;

    EmbeddingsJob(TextModel model) {
        if (!(model instanceof EncoderFolder folder)) {
            throw new IllegalArgumentException(
                    "the method embed needs a model that embeds texts, found " + model.name());
        }
        encoder = folder;
    }

    @Override
    List<RetrievalExample> examples(TextRow row) {
        boolean hasNegative = row.columns().contains(NEGATIVE);
        if (hasNegatives == null) {
            hasNegatives = hasNegative;
        }
        if (hasNegatives != hasNegative) {
            throw row.refuse("all rows must have " + NEGATIVE + ", or none, found both");
        }
        return List.of(
                new RetrievalExample(row.text("query"), row.text("positive"), hasNegative ? row.text(NEGATIVE) : null));
    }

    @Override
    TrainableEmbed create(long seed) throws IOException {
        Embed embed = encoder.task() instanceof Embed own ? own : Embed.asTheModelSays();
        return on(embed, encoder.sentenceEmbeddings(embed.dimensions()));
    }

    private TrainableEmbed on(Embed embed, Network network) {
        return Boolean.TRUE.equals(hasNegatives)
                ? TrainableEmbed.ofTriples(
                        embed, encoder.textTokens(), network, encoder.similarity(), TrainableEmbed.SCALE)
                : TrainableEmbed.ofPairs(
                        embed, encoder.textTokens(), network, encoder.similarity(), TrainableEmbed.SCALE);
    }

    @Override
    Optional<String> group(RetrievalExample example) {
        return Optional.of(example.query());
    }

    @Override
    DefaultEpochs epochs() {
        return DefaultEpochs.THREE;
    }

    @Override
    int batchSize() {
        return 32;
    }

    /** Its embeddings must be as long as those of the network. */
    @Override
    void requireComparable(Task saved, Task trained) {
        super.requireComparable(saved, trained);
        long expected = task().network().outputSize();
        long found = ((Embed) saved).dimensions().orElse(Math.toIntExact(expected));
        if (found != expected) {
            throw new IllegalArgumentException("its embeddings must have " + expected + " numbers, found " + found);
        }
    }

    @Override
    Scores scores(Model measured, Task served, List<RetrievalExample> judging) {
        return new Scores.Shares(
                "mean reciprocal rank",
                on((Embed) served, task().network())
                        .measure(measured, judging)
                        .found()
                        .reciprocalRanks());
    }

    @Override
    String baseline() {
        return "the model alone";
    }

    @Override
    Scores baseline(List<RetrievalExample> judging) {
        return scores(task().network(), task().task(), judging);
    }
}
