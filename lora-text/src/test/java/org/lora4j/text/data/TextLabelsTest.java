package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Several labels of a text, and a number, as files have them. */
class TextLabelsTest {
    @TempDir
    private Path folder;

    private TextRow row(String name, String... lines) throws IOException {
        return TextFiles.read(Files.write(folder.resolve(name), List.of(lines)))
                .iterator()
                .next();
    }

    private TextRow json(String labels) throws IOException {
        return row("texts.jsonl", "{\"text\": \"t\", \"labels\": " + labels + "}");
    }

    private TextRow csv(String labels) throws IOException {
        return row("texts.csv", "text,labels", "t," + labels);
    }

    @Test
    void readsListsAndTextsWithASeparator() throws IOException {
        assertThat(json("[\"a\", \"b c\", 3, true]").labels("labels", null)).containsExactly("a", "b c", "3", "true");
        assertThat(json("[]").labels("labels", ";")).isEmpty();
        assertThat(json("[]").isList("labels")).isTrue();
        assertThat(csv("a; b c ;3").labels("labels", ";")).containsExactly("a", "b c", "3");
        assertThat(csv("").labels("labels", ";")).isEmpty();
        assertThat(csv("one").labels("labels", ";")).containsExactly("one");
        assertThat(csv("one").isList("labels")).isFalse();
        assertThat(csv("a|b").labels("labels", "|")).containsExactly("a", "b");
        assertThat(json("\"a;b\"").labels("labels", ";")).containsExactly("a", "b");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"a\" | | labels must be a list of labels, found \"a\"",
                "null | ; | labels must be a list of labels or a text with ';' between them, found null",
                "1.5 | ; | labels must be a list of labels or a text with ';' between them, found 1.5",
                "[\"a\", \"a\"] | | labels must have each label once, found 'a' twice in [a, a]",
                "[\"a\", \"\"] | | each label of labels must have a character that is neither white space nor",
                "[[\"a\"]] | | each label of labels must be a text, found",
                "[null] | | each label of labels must be a text, found null",
                "[\"a;b\"] | ; | each label of the list labels must be one label, found ';' in 'a;b'",
                "\"a;;b\" | ; | each label of labels must have a character that is neither white space nor",
                "\"a;b;\" | ; | each label of labels must have a character that is neither white space nor",
                "\"a; a\" | ; | labels must have each label once, found 'a' twice in [a, a]",
            })
    void refusesWhatIsNoLabelWithItsLine(String labels, @Nullable String separator, String message) throws IOException {
        TextRow row = json(labels);
        assertThatExceptionOfType(TextFormatException.class)
                .isThrownBy(() -> row.labels("labels", separator))
                .withMessageContaining("texts.jsonl")
                .withMessageContaining(":1: ")
                .withMessageContaining(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"\"NaN\"", "\"Infinity\"", "\"3,5\"", "\"\"", "null", "true", "[1]"})
    void refusesWhatIsNoFiniteNumber(String number) throws IOException {
        TextRow row = json(number);
        assertThatExceptionOfType(TextFormatException.class)
                .isThrownBy(() -> row.number("labels"))
                .withMessageContaining("labels must be a number");
        assertThat(json("\"-3.5\"").number("labels")).isEqualTo(-3.5);
    }

    @Test
    void examplesAreChecked() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TextLabels("t", List.of("a", "a")))
                .withMessage("labels must be different from each other, found [a, a]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TextNumber("t", Double.NaN))
                .withMessage("number must be finite, found NaN");
    }
}
