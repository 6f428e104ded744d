package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SvdCommandTest {
    @Test
    void printsTheArticlesExample() {
        Cli cli = Cli.run("svd");
        assertThat(cli.err()).isEmpty();
        assertThat(cli.code()).isZero();
        assertThat(cli.out())
                .contains("W [10, 10]")
                .contains("B [10, 2] and A [2, 10]")
                .containsPattern("rank found +2\\R")
                .containsPattern("d k +100\\R")
                .containsPattern("r \\(d \\+ k\\) +40\\R")
                .contains("60.00 % less")
                .contains("article: d = 1,000, k = 5,000, r = 1")
                .containsPattern("d k +5,000,000\\R")
                .containsPattern("r \\(d \\+ k\\) +6,000\\R")
                .contains("99.88 % less");
    }

    @Test
    void bothFormsGiveTheSameOutput() {
        String out = Cli.run("svd", "--seed", 4).out();
        String y = after(out, "y  = W x + b ");
        assertThat(y.split(" +")).hasSize(10);
        assertThat(after(out, "y' = B (A x) + b ")).isEqualTo(y);
        assertThat(Double.parseDouble(after(out, "between y and y': "))).isLessThan(1e-12);
        assertThat(Double.parseDouble(after(out, "between W and B A: "))).isLessThan(1e-12);
    }

    private static String after(String text, String label) {
        return text.substring(text.indexOf(label) + label.length())
                .lines()
                .findFirst()
                .orElseThrow()
                .strip();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 100.00 % more", "30, 7, 53.33 % less", "6, 6, 100.00 % more", "100, 3, 94.00 % less"})
    void findsTheRankOfEverySize(int size, int rank, String difference) {
        Cli cli = Cli.run("svd", "--size", size, "--rank", rank, "--seed", 1);
        assertThat(cli.code()).isZero();
        assertThat(cli.out()).containsPattern("rank found +" + rank + "\\R").contains(" " + difference);
    }

    @Test
    void dependsOnTheSeed() {
        String zero = Cli.run("svd").out();
        assertThat(Cli.run("svd", "--seed", 0).out()).isEqualTo(zero);
        assertThat(Cli.run("svd", "--seed", 1).out()).isNotEqualTo(zero);
    }
}
