package org.lora4j.cli.tag;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.model.OneAdapter;
import org.lora4j.cli.train.Column;
import org.lora4j.io.ModelSource;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.ModelTask;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.task.TextTags;
import org.lora4j.text.tokens.TextWords;

/**
 * Adds the spans of a text to the rows of a file: {@code spans}, each with {@code start}, {@code end}, {@code label}, {@code score} and
 * {@code text}. The offsets count code points, as those of Python do.
 */
public final class TagPredictor {
    private TagPredictor() {}

    /**
     * Predicts.
     *
     * @param files the model and its adapter
     * @param file the files
     * @param text the column of the text
     * @return the number of rows
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if a line is wrong
     */
    public static long predict(AdaptedModel files, RowFile file, Column text) throws IOException {
        try (OneAdapter<List<TextWords>, TextTags> model = open(files)) {
            return file.copy(
                    text::text,
                    texts -> model.answer(texts.stream().map(TextWords::of).toList()).stream()
                            .map(TagPredictor::row)
                            .toList());
        }
    }

    static OneAdapter<List<TextWords>, TextTags> open(AdaptedModel files) throws IOException {
        Task own = ModelTask.of(ModelSource.of(files.model()));
        Tag alone = own instanceof Tag tag ? tag : new Tag(Labels.numbered(1), Tag.SubWords.FIRST, OptionalInt.empty());
        return OneAdapter.open(Tag.class, files, alone, TaskSettings.none());
    }

    private static Map<String, Object> row(TextTags tags) {
        return Map.of("spans", tags.inCodePoints().spans());
    }
}
