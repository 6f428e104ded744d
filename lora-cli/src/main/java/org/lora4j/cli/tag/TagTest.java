package org.lora4j.cli.tag;

import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.train.DataFile;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;
import org.lora4j.text.TextModel;
import org.lora4j.text.data.TaggedColumns;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.Task;
import org.lora4j.text.tokens.TagScheme;
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
        try (TextModel model = TextModel.open(ModelSource.of(files.model()), files.storage())) {
            SavedAdapter adapter = files.adapter();
            Task task = adapter == null ? model.task() : adapter.task(model.model(), model.task());
            if (!(task instanceof Tag tag)) {
                throw new IOException((adapter == null ? files.model() : adapter) + ": must tag words, found what "
                        + task.does() + "; it is for another command");
            }
            Network network = model.network(Head.TOKENS);
            LoRAModel adapted = LoRAModel.of(network);
            List<String> labels = TagTask.labelsOf(tag);
            try (DataFile.Divided<TaggedText> texts = data.read(row -> TaggedFile.of(row, columns, labels), 0)) {
                AdapterView view = adapted.base();
                if (adapter != null) {
                    LoRAAdapter read = adapter.adapter(network);
                    task.requireFits(adapter.folder(), read, model.hasOwn(Head.TOKENS));
                    view = adapted.add("adapter", read);
                }
                TrainableTag tested = new TrainableTag(
                        new Tag(tag.labels(), tag.subWords(), OptionalInt.of(tag.limit(model.textTokens()))),
                        model.textTokens(),
                        network);
                return new TagTest(
                        SpanMetrics.of(
                                tested.measure(view, texts.train()),
                                TagScheme.of(tag.labels().names())),
                        texts.pass().skipped());
            }
        }
    }
}
