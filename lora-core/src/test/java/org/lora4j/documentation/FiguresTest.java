package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A figure that stands on several pages is the same on all of them. */
class FiguresTest {
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
}
