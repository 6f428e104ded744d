package org.lora4j.text.job;

import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import java.util.TreeSet;
import org.lora4j.AdapterView;
import org.lora4j.nn.Model;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TaggedColumns;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.metrics.PrecisionRecall;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.Task;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TagSpan;
import org.lora4j.text.train.TagProbe;
import org.lora4j.text.train.TrainableTag;

/** Learns the tags of words. */
final class TagsJob extends EncoderJob<TaggedText, TrainableTag> {
    private static final int MOST_LABELS = 1_000;

    private final TextModel model;
    private final TreeSet<String> labels = new TreeSet<>();

    TagsJob(TextModel model) throws IOException {
        this.model = model;
        Head.TOKENS.requireFits(model.model().config());
    }

    @Override
    List<TaggedText> examples(TextRow row) {
        return List.of(TaggedColumns.DEFAULT.read(row));
    }

    @Override
    void learn(TaggedText example) {
        example.tagged().forEach(span -> labels.add(span.label()));
    }

    @Override
    void check(TextRow row, TaggedText example) {
        for (TagSpan span : example.tagged()) {
            if (!labels.contains(span.label())) {
                throw row.refuse("a label must be one of a row that trains, found '" + span.label() + "'");
            }
        }
    }

    @Override
    TrainableTag create(long seed) {
        if (labels.isEmpty() || labels.size() > MOST_LABELS) {
            throw new IllegalArgumentException(
                    "the rows that train must have spans of 1 to " + MOST_LABELS + " labels, found " + labels.size());
        }
        Labels tags = Labels.of(TagScheme.IOB2.tags(List.copyOf(labels)));
        return new TrainableTag(
                new Tag(tags, Tag.SubWords.FIRST, OptionalInt.empty()),
                model.textTokens(),
                Head.TOKENS.network(model.model(), tags.count(), seed));
    }

    /** The classifier begins with what the frozen model can do. */
    @Override
    boolean begin(AdapterView adapter, List<TaggedText> train, boolean asksForEpochs, long seed) {
        TagProbe.fit(task(), train).writeTo(adapter);
        return true;
    }

    @Override
    Scores scores(Model measured, Task served, List<TaggedText> judging) {
        TrainableTag reads = new TrainableTag((Tag) served, model.textTokens(), task().network());
        return new Scores.F1(reads.measure(measured, judging).counts(TagScheme.IOB2));
    }

    @Override
    String baseline() {
        return "no tag at all";
    }

    @Override
    Scores baseline(List<TaggedText> judging) {
        return new Scores.F1(judging.stream()
                .map(text -> new PrecisionRecall(0, 0, text.tagged().size()))
                .toList());
    }
}
