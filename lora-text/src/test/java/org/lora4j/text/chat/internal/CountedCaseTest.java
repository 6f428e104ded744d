package org.lora4j.text.chat.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.text.internal.LetterCase;

class CountedCaseTest {
    @Test
    void eachCharacterIsAsInJava() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            String letter = "-" + Character.toString(c) + "-";
            assertThat(LetterCase.lower(letter)).isEqualTo(letter.toLowerCase(Locale.ROOT));
        }
    }

    /** As Python's {@code upper} and {@code lower}. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "Σ, σ",
                "ΑΣ, ας",
                "ΑΣΑ, ασα",
                "ΣΑ, σα",
                "ΑΣ Α, ας α",
                "Α'Σ, α'ς",
                "ΑΣ'Α, ασ'α",
                "ΑΣ\u0301, ας\u0301",
                "Α1Σ, α1σ",
                "ΑΣΣ, ασς",
                "İΣ, i\u0307ς"
            })
    void theLastSigmaOfAWordIsTheFinalOne(String text, String lower) {
        assertThat(LetterCase.lower(text)).isEqualTo(lower);
    }

    @Test
    void aCharacterCanBecomeSeveral() {
        assertThat(CountedCase.upper("straße ΐ \ud801\udc28", new Budget()))
                .isEqualTo("STRASSE \u0399\u0308\u0301 \ud801\udc00");
    }

    /** The method of {@link String} takes an hour. */
    @Test
    @MustEnd
    void theTimeGrowsWithTheLengthOnly() {
        assertThat(LetterCase.lower("İ".repeat(3_000_000))).hasSize(6_000_000);
        assertThat(LetterCase.lower("Σ'".repeat(3_000_000))).hasSize(6_000_000);
    }
}
