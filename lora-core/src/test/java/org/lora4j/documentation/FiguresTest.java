package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A figure that stands on several pages is the same on all of them. */
class FiguresTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "unpacks ([\\d,]+ MB)",
                "([\\d.]+ %) (?:more parameters|to the numbers)",
                "([\\d,]+) of the base, and [\\d,]+ of LoRA",
                "[\\d,]+ of the base, and ([\\d,]+) of LoRA",
                "base of ([\\d.]+ MB) \\(MiniLM\\)|all-MiniLM-L6-v2 has ([\\d.]+ MB)",
                "ND4J (1\\.0\\.0-M[\\d.]+)(?= with OpenBLAS)",
                "org\\.bytedeco:openblas:([\\d.]+-[\\d.]+)(?=[`\":])",
                "Spring Boot (3\\.5\\.\\d+)",
                "PEFT (0\\.20\\.1\\.dev0)"
            })
    void isTheSameOnAllPages(String figure) throws IOException {
        Map<String, String> values = new TreeMap<>();
        for (Path page : SnippetsTest.pages()) {
            Pattern.compile(figure)
                    .matcher(Files.readString(page))
                    .results()
                    .forEach(result -> values.merge(
                            result.group(1) != null ? result.group(1) : result.group(2),
                            page.getFileName().toString(),
                            (first, second) -> first + ", " + second));
        }
        assertThat(values.entrySet().stream()
                        .map(value -> value.getKey() + " on " + value.getValue())
                        .collect(Collectors.toList()))
                .hasSizeLessThanOrEqualTo(1);
    }
}
