package org.lora4j.cli.language;

import java.io.IOException;
import java.util.Map;
import org.lora4j.cli.file.RowFile;
import org.lora4j.generate.GenerationOptions;

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
    public static long predict(TextGenerator generator, RowFile file, String prompt, GenerationOptions options)
            throws IOException {
        return file.copy(
                row -> row.text(prompt),
                prompts -> prompts.stream()
                        .map(text -> Map.<String, Object>of(
                                "predicted",
                                generator.reply(text, options, part -> {}).text()))
                        .toList());
    }
}
