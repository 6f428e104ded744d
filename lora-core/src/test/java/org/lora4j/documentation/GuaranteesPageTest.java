package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page on guarantees names tests that there are. */
class GuaranteesPageTest {
    private static final Path PAGE = Path.of("../src/site/markdown/guarantees.md");
    private static final Pattern TEST = Pattern.compile("`(\\w+Test)`");

    @Test
    void namesTestsThatThereAre() throws IOException {
        Set<String> named = TEST.matcher(Files.readString(PAGE))
                .results()
                .map((MatchResult result) -> result.group(1) + ".java")
                .collect(Collectors.toSet());
        try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
            assertThat(files.map(file -> file.getFileName().toString()).collect(Collectors.toSet()))
                    .containsAll(named);
        }
        assertThat(named).hasSizeGreaterThan(10);
    }
}
