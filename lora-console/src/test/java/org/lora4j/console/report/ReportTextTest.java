package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The words are the same in every locale, so the tests run in one that writes numbers in another way. */
class WordsTest {
    private final Locale before = Locale.getDefault();

    @BeforeEach
    void writeNumbersAsInGermany() {
        Locale.setDefault(Locale.GERMANY);
    }

    @AfterEach
    void writeNumbersAsBefore() {
        Locale.setDefault(before);
    }

    @Test
    void aCountHasItsNounInTheRightNumber() {
        assertThat(Words.count(2_807_010)).isEqualTo("2,807,010");
        assertThat(Words.count(1, "text")).isEqualTo("1 text");
        assertThat(Words.count(0, "text")).isEqualTo("0 texts");
        assertThat(Words.count(2, "class")).isEqualTo("2 classes");
        assertThat(Words.count(1_234, "query")).isEqualTo("1,234 queries");
        assertThat(Words.count(3, "entry")).isEqualTo("3 entries");
    }

    @Test
    void numbersHaveThePlacesThatAreAskedFor() {
        assertThat(Words.percent(0.953)).isEqualTo("95.30 %");
        assertThat(Words.fixed(1234.5678, 1)).isEqualTo("1234.6");
        assertThat(Words.loss(0.0123)).isEqualTo("0.01230");
        assertThat(Words.loss(null)).isEqualTo("not finite");
    }

    @Test
    void aDifferenceHasItsSign() {
        assertThat(Words.signed(-6.6, 2)).isEqualTo("−6.60");
        assertThat(Words.signed(1234, 0)).isEqualTo("+1,234");
        assertThat(Words.signed(0, 1)).isEqualTo("0.0");
    }

    @Test
    void aDurationHasMinutesFromAMinuteOn() {
        assertThat(Words.duration(12.34)).isEqualTo("12.3 s");
        assertThat(Words.duration(59.94)).isEqualTo("59.9 s");
        assertThat(Words.duration(59.96)).isEqualTo("1 min 0 s");
        assertThat(Words.duration(83.2)).isEqualTo("1 min 23 s");
    }

    @Test
    void aListEndsWithAnd() {
        assertThat(Words.list(List.of())).isEmpty();
        assertThat(Words.list(List.of("a"))).isEqualTo("a");
        assertThat(Words.list(List.of("a", "b"))).isEqualTo("a and b");
        assertThat(Words.list(List.of("a", "b", "c"))).isEqualTo("a, b and c");
    }

    @Test
    void aSettingIsItsText() {
        assertThat(Words.text(List.of(4, 9))).isEqualTo("[4, 9]");
        assertThat(Words.text(0.5)).isEqualTo("0.5");
    }
}
