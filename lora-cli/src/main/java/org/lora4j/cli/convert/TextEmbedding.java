package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.retrieval.EmbeddingRules;
import org.lora4j.cli.train.Column;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.SavedAdapter;

/** Adds the sentence embedding of a text to the rows of a file: {@code embedding}. */
public final class TextEmbedding {
    /** What the texts are: models can have a prompt for each kind. */
    public enum Kind {
        /** Texts of no special kind. */
        TEXT,
        /** Queries. */
        QUERY,
        /** Documents. */
        DOCUMENT
    }

    /**
     * What is embedded.
     *
     * @param kind what the texts are
     * @param prompt the name of the prompt before each text; null for that of the kind
     * @param rules how texts are embedded
     */
    public record Settings(Kind kind, @Nullable String prompt, EmbeddingRules rules) {}

    private TextEmbedding() {}

    /**
     * Embeds.
     *
     * @param folder the folder of an encoder
     * @param adapter an adapter; null for the model alone
     * @param file the files
     * @param text the column of the text
     * @param settings what is embedded
     * @param storage how the large matrices of the encoder are stored
     * @return the number of rows
     * @throws IOException if a file cannot be read or written, or the adapter does not fit
     * @throws IllegalArgumentException if a line is wrong
     */
    public static long embed(
            Path folder,
            @Nullable SavedAdapter adapter,
            RowFile file,
            Column text,
            Settings settings,
            BaseStorage storage)
            throws IOException {
        try (EmbeddingRules.Opened opened = settings.rules().open(folder, adapter, storage)) {
            return file.copy(text::text, texts -> rows(opened.model(), tokens(opened.encoder(), texts, settings)));
        }
    }

    private static Sequences tokens(EncoderFolder encoder, List<String> texts, Settings settings) {
        if (settings.prompt() != null) {
            return encoder.tokens(texts, settings.prompt());
        }
        return switch (settings.kind()) {
            case TEXT -> encoder.tokens(texts);
            case QUERY -> encoder.queries(texts);
            case DOCUMENT -> encoder.documents(texts);
        };
    }

    private static List<Map<String, Object>> rows(LoRAModel model, Sequences texts) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (float[] embedding : model.predict(texts).toFloatMatrix()) {
            rows.add(Map.of("embedding", embedding));
        }
        return rows;
    }
}
