package org.lora4j.cli.tag;

import java.io.IOException;
import java.util.List;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.model.OneAdapter;
import org.lora4j.cli.train.DataFile;
import org.lora4j.text.data.TaggedColumns;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.TextTags;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TextWords;
import org.lora4j.text.train.TrainableTag;

/**
 * What a test of tags on texts whose spans are known found.
 *
 * @param metrics the metrics
 * @param skipped what was wrong with lines that were left out
 */
public record TagTest(SpanMetrics metrics, List<String> skipped) {
    /**
     * Tests.
     *
     * @param files the model, and the adapter if there is one
     * @param data the file
     * @param columns where rows have texts with labels
     * @return the metrics
     * @throws IOException if a file cannot be read, or the adapter does not fit
     * @throws IllegalArgumentException if a line is wrong, or has a label that the model does not know
     */
    public static TagTest of(AdaptedModel files, DataFile data, TaggedColumns columns) throws IOException {
        try (OneAdapter<List<TextWords>, TextTags> model = TagPredictor.open(files)) {
            Tag tag = (Tag) model.task();
            List<String> labels = TagTask.labelsOf(tag);
            try (DataFile.Divided<TaggedText> texts = data.read(row -> TaggedFile.of(row, columns, labels), 0)) {
                TrainableTag tested = new TrainableTag(
                        tag, model.opened().textTokens(), model.model().network());
                return new TagTest(
                        SpanMetrics.of(
                                tested.measure(model.model(), texts.train()),
                                TagScheme.of(tag.labels().names())),
                        texts.pass().skipped());
            }
        }
    }
}
