package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A figure that stands on several pages is the same on all of them. */
class FiguresTest {
    private static final Path ROOT = Path.of("..");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\b(0\\.\\d{3} %)", // the parameters that the article's adapter adds
                "MiniLM-L6-v2 has (\\d+ MB)|base of (\\d+ MB)|MiniLM-L6-v2, a float file of (\\d+ MB)",
                "(\\d\\d million) weights",
                "openblas:(\\d[\\d.-]+\\d)",
                "ND4J (1\\.\\d[\\w.-]*\\d)",
                "PEFT (\\d+\\.\\d+\\.\\d+\\.dev\\d+)",
                "need a JDK (\\d+) or later"
            })
    void isTheSameOnAllPages(String figure) throws IOException {
        Map<String, Set<String>> pagesByValue = new TreeMap<>();
        for (Path page : SnippetsTest.pages()) {
            Pattern.compile(figure).matcher(Files.readString(page)).results().forEach(result -> {
                String value = IntStream.rangeClosed(1, result.groupCount())
                        .mapToObj(result::group)
                        .filter(Objects::nonNull)
                        .findFirst()
                        .orElseThrow();
                pagesByValue
                        .computeIfAbsent(value, first -> new TreeSet<>())
                        .add(page.getFileName().toString());
            });
        }
        assertThat(pagesByValue).hasSize(1);
    }

    private static String cellsOf(String page, String row) throws IOException {
        List<String> rows = Files.readAllLines(ROOT.resolve(page)).stream()
                .filter(line -> line.startsWith("| " + row + " |"))
                .toList();
        assertThat(rows).as("the row '%s' of %s", row, page).isNotEmpty();
        return rows.get(0);
    }

    @Test
    void readmeHasTheFiguresOfTheArticle() throws IOException {
        String article = "src/site/markdown/article.md";
        String[] base = cellsOf(article, "base").split(" *\\| *", -1);
        String wrongNines = base[11];
        String wrong = base[12];
        assertThat(cellsOf("README.md", "the network")).contains("| " + wrongNines + " | " + wrong + " |");
        assertThat(cellsOf("README.md", "adapter switched off")).contains("| " + wrongNines + " | " + wrong + " |");

        String text = Files.readString(ROOT.resolve(article));
        String readme = Files.readString(ROOT.resolve("README.md"));
        assertThat(cellsOf("README.md", "with an adapter, trained on nines and as many other digits"))
                .contains("| 17 ± 5 | 407 ± 27 |");
        assertThat(text).contains("| " + wrongNines + " | 17.2 ± 4.6 |", "from " + wrong + " to 407.0 ± 26.8");
        String[] adapted = cellsOf(article, "LoRA on, or merged").split(" *\\| *", -1);
        assertThat(readme)
                .contains("from " + wrongNines + " to " + adapted[11])
                .contains("from " + wrong + " to " + adapted[12].replaceFirst("(\\d)(\\d{3})$", "$1,$2"));
    }
}
