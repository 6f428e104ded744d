package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChoiceQuestionTest {
    @TempDir
    Path temp;

    @Test
    void theAnswerIsANumberOrAText() {
        ChoiceQuestion expected = new ChoiceQuestion("The sun rises in the", List.of("west", "east"), 1);
        for (Object answer : List.of(1, "east")) {
            TextRow row = TextRow.of(
                    Map.of("context", "The sun rises in the", "choices", List.of("west", "east"), "answer", answer));
            assertThat(ChoiceQuestion.isIn(row)).isTrue();
            assertThat(ChoiceQuestion.of(row)).isEqualTo(expected);
        }
        // A text is one of the choices, also if it is a number.
        assertThat(ChoiceQuestion.of(
                                TextRow.of(Map.of("context", "1 + 1 =", "choices", List.of("1", "2"), "answer", "1")))
                        .answer())
                .isZero();
        assertThat(ChoiceQuestion.isIn(TextRow.of(Map.of("context", "a", "answer", 1))))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"choices\": [\"a\", \"b\"], \"answer\": 0} | must have a value context, found [choices, answer]",
                "{\"context\": \" \", \"choices\": [\"a\", \"b\"], \"answer\": 0} | context must have a character",
                "{\"context\": \"c\", \"choices\": \"a, b\", \"answer\": 0} | choices must be a list of two or more texts, found",
                "{\"context\": \"c\", \"choices\": [\"a\"], \"answer\": 0} | choices must be a list of two or more texts, found 1",
                "{\"context\": \"c\", \"choices\": [\"a\", 2], \"answer\": 0} | each of choices must be a text, found",
                "{\"context\": \"c\", \"choices\": [\"a\", \"\"], \"answer\": 0} | each of choices must have a character",
                "{\"context\": \"c\", \"choices\": [\"a\", \"a\"], \"answer\": 0} | choices must differ, found 'a' twice",
                "{\"context\": \"c\", \"choices\": [\"a\", \"b\"], \"answer\": 2} | its number from 0 to 1, found 2",
                "{\"context\": \"c\", \"choices\": [\"a\", \"b\"], \"answer\": -1} | its number from 0 to 1, found -1",
                "{\"context\": \"c\", \"choices\": [\"a\", \"b\"], \"answer\": \"c\"} | its number from 0 to 1, found",
                "{\"context\": \"c\", \"choices\": [\"a\", \"b\"], \"answer\": 0.5} | its number from 0 to 1, found",
                "{\"context\": \"c\", \"choices\": [\"a\", \"b\"], \"answer\": null} | its number from 0 to 1, found",
                "{\"context\": \"c\", \"choices\": [\"a\", \"b\"]} | must have a value answer",
            })
    void wrongRowsNameFileLineAndRule(String row, String message) throws IOException {
        String good = "{\"context\": \"c\", \"choices\": [\"a\", \"b\"], \"answer\": 0}";
        Path file = Files.writeString(temp.resolve("questions.jsonl"), good + "\n" + row + "\n");
        assertThatExceptionOfType(TextFormatException.class)
                .isThrownBy(() -> TextFiles.read(file).map(ChoiceQuestion::of).forEach(one -> {}))
                .withMessageContaining("questions.jsonl:2: ")
                .withMessageContaining(message);
    }

    @Test
    void whatIsBlankIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new ChoiceQuestion("", List.of("a", "b"), 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ChoiceQuestion("a", List.of("a", " "), 0))
                .withMessage("context and choices must be texts that are not blank, found a blank one");
    }
}
