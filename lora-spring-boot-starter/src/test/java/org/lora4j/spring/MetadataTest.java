package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The descriptions of the properties, which editors and the guide's page show. */
class MetadataTest {
    private static final Path PAGE = Path.of("../src/site/markdown/guide-spring.md");

    @Test
    void eachPropertyHasADescriptionAndIsOnThePage() throws IOException {
        Set<String> described = new TreeSet<>();
        Set<String> descriptions = new TreeSet<>();
        try (InputStream file = Objects.requireNonNull(
                getClass().getResourceAsStream("/META-INF/spring-configuration-metadata.json"))) {
            for (JsonNode property : new ObjectMapper().readTree(file).path("properties")) {
                String name = property.path("name").asText();
                assertThat(property.path("description").asText()).as(name).matches("[A-Z].*\\.");
                descriptions.add(property.path("description").asText());
                described.add(name);
            }
        }
        assertThat(descriptions).as("the descriptions, which differ").hasSameSizeAs(described);
        String page = Files.readString(PAGE);
        String table = page.substring(page.indexOf("## Properties"), page.indexOf("## Adapters that change"));
        Set<String> onPage = new TreeSet<>();
        table.lines()
                .filter(line -> line.startsWith("| `lora."))
                .flatMap(line -> Pattern.compile("`(lora\\.[a-z.-]+)`")
                        .matcher(line.split("\\|", -1)[1])
                        .results())
                .forEach(property -> onPage.add(property.group(1)));
        assertThat(described).hasSizeGreaterThan(15).isEqualTo(onPage);
    }
}
