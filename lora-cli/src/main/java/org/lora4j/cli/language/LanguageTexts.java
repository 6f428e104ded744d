package org.lora4j.cli.language;

import java.io.IOException;
import java.util.List;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.OpenedFiles;
import org.lora4j.nn.Model;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.text.train.TrainableGenerate;

/**
 * All examples of a file, by which a decoder is measured: conversations if the first row is one, or else plain text.
 *
 * @param <E> an example
 */
final class LanguageTexts<E> {
    private final TrainableGenerate<E> task;
    private final DataFile.Divided<E> examples;

    private LanguageTexts(TrainableGenerate<E> task, DataFile.Divided<E> examples) {
        this.task = task;
        this.examples = examples;
    }

    /**
     * Reads the file.
     *
     * @param decoder the model
     * @param data the file
     * @param column the column of plain text
     * @param maxTokens where conversations are cut, or the tokens of a block of plain text
     * @param opened closes the files
     * @return its examples
     * @throws IOException if the file cannot be read, or it has no example
     * @throws IllegalArgumentException if a line is wrong
     */
    static LanguageTexts<?> open(DecoderFolder decoder, DataFile data, Column column, int maxTokens, OpenedFiles opened)
            throws IOException {
        return LanguageExamples.isConversation(data)
                ? new LanguageTexts<>(
                        TrainableGenerate.ofTexts(decoder.network(), decoder.tokens(), maxTokens),
                        opened.add(LanguageExamples.conversations(decoder, data, maxTokens, 0)
                                .parts()))
                : new LanguageTexts<>(
                        TrainableGenerate.ofTokens(decoder.network()),
                        opened.add(LanguageExamples.blocks(decoder, data, column, maxTokens, 0, opened)));
    }

    /** Returns how well a model predicts each example. */
    List<Perplexity> measure(Model model) {
        return task.measure(model, examples.train());
    }

    /** Returns what was wrong with lines that were left out. */
    List<String> skipped() {
        return examples.pass().skipped();
    }

    /** Returns how many rows gave no example, because no answer to learn is left after the cut. */
    int unlearnable() {
        return examples.unused();
    }
}
