package org.lora4j.cli.language;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.OpenedFiles;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.task.SavedAdapter;

/**
 * What a test of a decoder on a file found.
 *
 * @param metrics the metrics
 * @param toolCalls the metrics of the calls of tools; null if there are none
 * @param skipped what was wrong with lines that were left out
 * @param unlearnable how many examples were left out because no answer to learn was left after the cut
 */
public record DecoderTest(
        LanguageTest metrics, @Nullable ToolCallTest toolCalls, List<String> skipped, int unlearnable) {
    /**
     * Tests a decoder on all examples of a file: conversations if its first row is one, or else plain text.
     *
     * @param decoder the model
     * @param adapters its adapters; none for the model alone
     * @param data the file
     * @param column the column of plain text
     * @param asked where conversations are cut, or the tokens of a block of plain text; 0 for as many as in a training
     * @return the metrics
     * @throws IOException if a file cannot be read, it has no example, or an adapter does not fit
     * @throws IllegalArgumentException if a line is wrong, or the model has fewer positions than asked for
     */
    public static DecoderTest of(
            DecoderFolder decoder, List<SavedAdapter> adapters, DataFile data, Column column, int asked)
            throws IOException {
        int maxTokens = LanguageTask.maxTokens(asked, decoder);
        try (OpenedFiles opened = new OpenedFiles()) {
            LanguageTexts<?> texts = LanguageTexts.open(decoder, data, column, maxTokens, opened);
            LoRAModel model = AdaptedModel.load(decoder, adapters);
            return new DecoderTest(
                    LanguageTest.of(texts.measure(model)),
                    ToolCallTest.of(decoder, model, data),
                    texts.skipped(),
                    texts.unlearnable());
        }
    }
}
