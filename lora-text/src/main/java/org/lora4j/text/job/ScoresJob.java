package org.lora4j.text.job;

import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.lora4j.nn.Model;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.Task;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import org.lora4j.text.train.TrainableRerank;

/** Learns how well a text belongs to a query. */
final class ScoresJob extends EncoderJob<LabelledPair, TrainableRerank> {
    private static final String METRIC = "mean reciprocal rank";

    private final TextModel model;
    private final Head head;
    private final Set<Boolean> kinds = new HashSet<>();

    ScoresJob(TextModel model) throws IOException {
        this.model = model;
        head = model.model().config().isDecoder() ? Head.YES_NO : model.classifierHead();
    }

    @Override
    List<LabelledPair> examples(TextRow row) {
        String query = row.text("query");
        if (row.columns().contains("label")) {
            return List.of(new LabelledPair(new TextPair(query, row.text("text")), row.isRight("label")));
        }
        return List.of(
                new LabelledPair(new TextPair(query, row.text("positive")), true),
                new LabelledPair(new TextPair(query, row.text("negative")), false));
    }

    @Override
    void learn(LabelledPair example) {
        kinds.add(example.right());
    }

    @Override
    TrainableRerank create(long seed) throws IOException {
        if (kinds.size() < 2) {
            throw new IllegalArgumentException(
                    "the rows that train must have texts that belong to their query and texts"
                            + " that do not, found only one kind");
        }
        return new TrainableRerank(
                new Rerank(head, OptionalInt.empty()),
                model.textTokens(),
                head == Head.YES_NO ? model.network(head) : head.network(model.model(), 1, seed));
    }

    @Override
    Optional<String> group(LabelledPair example) {
        return Optional.of(example.pair().first());
    }

    @Override
    DefaultRate rate() {
        return DefaultRate.of(1e-3);
    }

    @Override
    DefaultEpochs epochs() {
        return DefaultEpochs.RERANK;
    }

    @Override
    Scores scores(Model measured, Task served, List<LabelledPair> judging) {
        TrainableRerank reads = new TrainableRerank((Rerank) served, model.textTokens(), task().network());
        return new Scores.Shares(
                METRIC, reads.measure(measured, judging).found().reciprocalRanks());
    }

    @Override
    String baseline() {
        return "any order";
    }

    @Override
    Scores baseline(List<LabelledPair> judging) {
        return new Scores.Shares(
                METRIC,
                TrainableRerank.measure(pairs -> new double[pairs.size()], judging)
                        .chance()
                        .reciprocalRanks());
    }
}
