package org.lora4j.cli.convert;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.model.OneAdapter;
import org.lora4j.cli.train.Column;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.TaskSettings;

/** Adds the sentence embedding of a text to the rows of a file: {@code embedding}. */
public final class TextEmbedding {
    /**
     * What is embedded.
     *
     * @param kind what the texts are
     * @param prompt the name of the prompt before each text; null for that of the kind
     * @param rules what replaces what the files of the model and of the adapter say
     */
    public record Settings(Embed.Kind kind, @Nullable String prompt, TaskSettings rules) {}

    private TextEmbedding() {}

    /**
     * Embeds.
     *
     * @param model the model, and its adapter if there is one
     * @param file the files
     * @param text the column of the text
     * @param settings what is embedded
     * @return the number of rows
     * @throws IOException if a file cannot be read or written, or the adapter does not fit
     * @throws IllegalArgumentException if a line is wrong
     */
    public static long embed(AdaptedModel model, RowFile file, Column text, Settings settings) throws IOException {
        try (OneAdapter<Embed.Texts, float[]> opened =
                OneAdapter.open(Embed.class, model, Embed.asTheModelSays(), settings.rules())) {
            return file.copy(text::text, texts -> rows(opened.answer(texts(texts, settings))));
        }
    }

    private static Embed.Texts texts(List<String> texts, Settings settings) {
        return new Embed.Texts(texts, settings.kind(), settings.prompt(), OptionalInt.empty());
    }

    private static List<Map<String, Object>> rows(List<float[]> embeddings) {
        return embeddings.stream()
                .map(embedding -> Map.<String, Object>of("embedding", embedding))
                .toList();
    }
}
