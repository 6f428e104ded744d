package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.report.Markdown;
import org.lora4j.cli.train.Column;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.TextInput;
import org.lora4j.text.data.TextRow;

/**
 * Where a row has what a classifier reads: a text, or a pair of texts.
 *
 * @param text the column of the text, or of the first one of a pair
 * @param pair the column of the second text of a pair; null if there is one text
 */
public record InputColumns(Column text, @Nullable Column pair) {
    String text(TextRow row) {
        return text.text(row);
    }

    @Nullable
    String pair(TextRow row) {
        return pair == null ? null : pair.text(row);
    }

    /** Returns what rows are compared by. */
    String content(TextRow row) {
        return pair == null ? text(row) : text(row) + '\n' + pair(row);
    }

    /** Returns what an example is called. */
    String noun() {
        return pair == null ? "text" : "pair";
    }

    /** Returns the texts of an example in one line of a report. */
    static String shown(TextInput input) {
        return input.textPair() == null ? input.text() : input.text() + " | " + input.textPair();
    }

    /** Adds the names of the columns. */
    void addTo(Map<String, Object> settings) {
        settings.put("text", text.name());
        if (pair != null) {
            settings.put("textPair", pair.name());
        }
    }

    /** Returns the options that name the columns in a command. */
    String options() {
        String first = "--text " + Markdown.word(text);
        return pair == null ? first : first + " --text-pair " + Markdown.word(pair);
    }

    /**
     * Returns a classifier for what the columns have.
     *
     * @param classifier the classifier as it was opened
     * @param hasAdapter whether that was with an adapter, which says what it takes
     * @return the classifier, for pairs if there is a column of second texts
     * @throws IOException if the adapter with which it was opened takes something else
     */
    public TextClassifier opened(TextClassifier classifier, boolean hasAdapter) throws IOException {
        if (hasAdapter && classifier.takesPairs() != (pair != null)) {
            throw new IOException(
                    pair == null
                            ? "the adapter takes pairs of texts, found texts; name the column of the second text with --text-pair"
                            : "the adapter takes texts, found pairs; leave out --text-pair");
        }
        return pair == null ? classifier : classifier.ofPairs();
    }
}
