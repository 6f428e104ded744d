package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The words are the same in every locale, so the tests run in one that writes numbers in another way. */
class ReportTextTest {
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
        assertThat(ReportText.count(2_807_010)).isEqualTo("2,807,010");
        assertThat(ReportText.count(1, "text")).isEqualTo("1 text");
        assertThat(ReportText.count(0, "text")).isEqualTo("0 texts");
        assertThat(ReportText.count(2, "class")).isEqualTo("2 classes");
        assertThat(ReportText.count(1_234, "query")).isEqualTo("1,234 queries");
        assertThat(ReportText.count(3, "entry")).isEqualTo("3 entries");
    }

    @Test
    void numbersHaveThePlacesThatAreAskedFor() {
        assertThat(ReportText.percent(0.953)).isEqualTo("95.30 %");
        assertThat(ReportText.fixed(1234.5678, 1)).isEqualTo("1234.6");
        assertThat(ReportText.loss(0.0123)).isEqualTo("0.01230");
        assertThat(ReportText.loss(null)).isEqualTo("not finite");
    }

    @Test
    void aDifferenceHasItsSign() {
        assertThat(ReportText.signed(-6.6, 2)).isEqualTo("−6.60");
        assertThat(ReportText.signed(1234, 0)).isEqualTo("+1,234");
        assertThat(ReportText.signed(0, 1)).isEqualTo("0.0");
    }

    @Test
    void aDurationHasMinutesFromAMinuteOn() {
        assertThat(ReportText.duration(12.34)).isEqualTo("12.3 s");
        assertThat(ReportText.duration(59.94)).isEqualTo("59.9 s");
        assertThat(ReportText.duration(59.96)).isEqualTo("1 min 0 s");
        assertThat(ReportText.duration(83.2)).isEqualTo("1 min 23 s");
    }

    @Test
    void aListEndsWithAnd() {
        assertThat(ReportText.list(List.of())).isEmpty();
        assertThat(ReportText.list(List.of("a"))).isEqualTo("a");
        assertThat(ReportText.list(List.of("a", "b"))).isEqualTo("a and b");
        assertThat(ReportText.list(List.of("a", "b", "c"))).isEqualTo("a, b and c");
    }

    @Test
    void aSettingIsItsText() {
        assertThat(ReportText.text(List.of(4, 9))).isEqualTo("[4, 9]");
        assertThat(ReportText.text(0.5)).isEqualTo("0.5");
    }
}
