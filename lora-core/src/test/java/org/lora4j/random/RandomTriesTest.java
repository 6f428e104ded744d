package org.lora4j.random;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.lang.reflect.Method;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class RandomTriesTest {
    private enum Size {
        SMALL,
        MEDIUM,
        LARGE
    }

    /** Methods whose parameters are drawn. None of them runs. */
    interface Samples {
        void everyType(
                @IntRange(min = -3, max = 4) int i,
                @DoubleRange(min = -2, max = 0.5) double d,
                boolean b,
                Size size,
                long seed);

        void positive(@DoubleRange(min = 0.1, max = 1) double share);

        void allInts(@IntRange(min = Integer.MIN_VALUE, max = Integer.MAX_VALUE) int i);

        void sameAsAllInts(@IntRange(min = Integer.MIN_VALUE, max = Integer.MAX_VALUE) int i);

        void text(String text);

        void intWithoutARange(int i);

        void doubleWithARangeOfInts(@IntRange(min = 0, max = 1) double d);

        void rangeOfOneValue(@IntRange(min = 2, max = 2) int i);

        void reversedRange(@DoubleRange(min = 1, max = 0.5) double d);
    }

    @RandomTest(tries = 200)
    void valuesAreInTheirRanges(
            @IntRange(min = -3, max = 4) int i, @DoubleRange(min = -2, max = 0.5) double d, Size size) {
        assertThat(i).isBetween(-3, 4);
        assertThat(d).isBetween(-2.0, 0.5);
        assertThat(size).isNotNull();
    }

    @Test
    void theFirstTriesAreTheEdgeCases() {
        List<Try> tries = tries("everyType", 5, 0);

        assertThat(values(tries, "i")).startsWith(-3, 4);
        assertThat(values(tries, "d")).startsWith(-2.0, 0.5, 0.0);
        assertThat(values(tries, "b")).startsWith(false, true);
        assertThat(values(tries, "size")).startsWith(Size.SMALL, Size.MEDIUM, Size.LARGE);
        assertThat(values(tries, "seed")).containsExactly(0L, 1L, -1L, Long.MAX_VALUE, Long.MIN_VALUE);
    }

    @Test
    void zeroIsAnEdgeCaseOnlyInItsRange() {
        assertThat(values(tries("positive", 200, 0), "share"))
                .startsWith(0.1, 1.0)
                .doesNotContain(0.0);
    }

    @Test
    void everyValueOfASmallRangeComes() {
        List<Try> tries = tries("everyType", 200, 0);

        assertThat(values(tries, "i")).contains(-3, -2, -1, 0, 1, 2, 3, 4);
        assertThat(values(tries, "seed").stream().distinct()).hasSizeGreaterThan(100);
        assertThat(values(tries, "d").stream().distinct()).hasSizeGreaterThan(100);
    }

    @Test
    void anEdgeCaseMeetsManyOtherValues() {
        List<Object> seeds = tries("everyType", 400, 0).stream()
                .filter(one -> one.values().get("i").equals(-3))
                .map(one -> one.values().get("seed"))
                .distinct()
                .toList();

        assertThat(seeds).hasSizeGreaterThan(20);
    }

    @Test
    void aRangeMayHaveAllInts() {
        List<Object> values = values(tries("allInts", 100, 0), "i");

        assertThat(values).startsWith(Integer.MIN_VALUE, Integer.MAX_VALUE);
        assertThat(values.stream().distinct()).hasSizeGreaterThan(50);
    }

    @Test
    void theSameSeedGivesTheSameValuesAndAnotherSeedOthers() {
        List<Try> tries = tries("everyType", 50, 7);

        assertThat(tries("everyType", 50, 7)).isEqualTo(tries);
        assertThat(tries("everyType", 50, 8)).isNotEqualTo(tries);
    }

    @Test
    void anotherMethodGetsOtherValues() {
        assertThat(values(tries("sameAsAllInts", 50, 0), "i")).isNotEqualTo(values(tries("allInts", 50, 0), "i"));
    }

    @Test
    void theNameOfATryHasItsNumberAndItsValues() {
        assertThat(tries("everyType", 1, 0).get(0).getDisplayName(1))
                .isEqualTo("try 1: i = -3, d = -2.0, b = false, size = SMALL, seed = 0");
    }

    @TestFactory
    List<DynamicTest> refusesParametersThatItCannotDraw() {
        String rule =
                "a parameter of a random test must be a boolean, an enum, a long, an int with @IntRange or a double"
                        + " with @DoubleRange, found ";
        return table(
                argument(() -> tries("text", 1, 0)).says(rule + "java.lang.String text"),
                argument(() -> tries("intWithoutARange", 1, 0)).says(rule + "int i"),
                argument(() -> tries("doubleWithARangeOfInts", 1, 0)).says(rule + "double d"),
                argument(() -> tries("rangeOfOneValue", 1, 0)).contains("min must be less than max", "min=2", "max=2"),
                argument(() -> tries("reversedRange", 1, 0))
                        .contains("min must be less than max", "min=1.0", "max=0.5"));
    }

    private static List<Try> tries(String name, int tries, long seed) {
        Method method = Stream.of(Samples.class.getDeclaredMethods())
                .filter(each -> each.getName().equals(name))
                .findAny()
                .orElseThrow();
        return RandomTries.tries(method, tries, seed);
    }

    private static List<Object> values(List<Try> tries, String parameter) {
        return tries.stream().map(one -> one.values().get(parameter)).toList();
    }
}
