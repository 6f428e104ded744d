package org.lora4j.cli.language;

import java.io.IOException;
import java.util.Map;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.train.Column;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.text.data.TextRow;

/** Adds what a decoder answers to the rows of a file: {@code predicted}. */
public final class CompletionPredictor {
    private CompletionPredictor() {}

    /**
     * Generates.
     *
     * @param generator the model
     * @param file the files
     * @param prompt the column of the prompt
     * @param options how tokens are chosen
     * @return the number of rows
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if a line is wrong
     */
    public static long predict(TextGenerator generator, RowFile file, Column prompt, GenerationOptions options)
            throws IOException {
        return file.copy(
                row -> tokens(generator, row, prompt),
                prompts -> prompts.stream()
                        .map(tokens -> Map.<String, Object>of(
                                "predicted",
                                generator.generate(tokens, options, part -> {}).text()))
                        .toList());
    }

    private static int[] tokens(TextGenerator generator, TextRow row, Column prompt) {
        String text = prompt.text(row);
        try {
            return generator.promptTokens(text);
        } catch (IllegalArgumentException e) {
            throw row.refuse(prompt + ": " + e.getMessage());
        }
    }
}
