package org.lora4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.lora4j.fixtures.Page;

/** The descriptions of the properties, which editors and the guide's page show. */
class MetadataTest {
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
        Set<String> onPage = Page.of("guide-spring.md")
                .section("Properties")
                .namesInTables("`(lora\\.[a-z.-]+)`")
                .collect(Collectors.toSet());
        assertThat(described).hasSizeGreaterThan(15).isEqualTo(onPage);
    }
}
