package org.lora4j.text.grammar.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The official tests of JSON Schema (draft 2020-12) for the keywords that are supported. An instance is written in one line. What is
 * valid can be generated, and what is not cannot, except for the rules of this library: a schema without a type has values of the
 * types that its keywords are for, properties come in the order of the schema, oneOf is anyOf.
 */
class JsonSchemaSuiteTest {
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS);

    /** Valid instances that are not generated, beside those of other types. */
    private static final List<String> LEFT_OUT = List.of(
            "additionalProperties.json: additional properties are allowed",
            "allOf.json: allOf",
            "allOf.json: valid",
            "anyOf.json: both anyOf valid (complex)",
            "const.json: same object with different property order is valid",
            "date-time.json: a valid date-time with a leap second, UTC",
            "date-time.json: a valid date-time with a leap second, with minus offset",
            "date-time.json: case-insensitive T and Z",
            "date-time.json: a second fraction of fifteen nines is valid",
            "duration.json: a component with many digits is valid",
            "email.json: a quoted string with a space in the local part is valid",
            "email.json: a quoted string with a double dot in the local part is valid",
            "email.json: a quoted string with a @ in the local part is valid",
            "email.json: an IPv4-address-literal after the @ is valid",
            "email.json: an IPv6-address-literal after the @ is valid",
            "items.json: JavaScript pseudo-array is valid",
            "maximum.json: boundary point float is valid",
            "prefixItems.json: JavaScript pseudo-array is valid",
            "properties.json: doesn't invalidate other properties",
            "ref.json: match",
            "ref.json: recursive match",
            "time.json: a valid time string with leap second, Zulu",
            "time.json: valid leap second, zero time-offset",
            "time.json: valid leap second, positive time-offset",
            "time.json: valid leap second, large positive time-offset",
            "time.json: valid leap second, negative time-offset",
            "time.json: valid leap second, large negative time-offset",
            "time.json: a valid time string with case-insensitive Z");

    private static List<Path> files() throws IOException, URISyntaxException {
        Path folder = Path.of(Objects.requireNonNull(JsonSchemaSuiteTest.class.getResource("/json-schema-test-suite"))
                .toURI());
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(file -> file.toString().endsWith(".json"))
                    .sorted()
                    .toList();
        }
    }

    private static boolean isOutOfScope(String name, JsonNode value) {
        return name.contains("ignore")
                || LEFT_OUT.contains(name)
                // Names of hosts in Punycode.
                || (name.startsWith("hostname.json") && value.asText().contains("xn--"));
    }

    @Test
    void whatIsValidCanBeGeneratedAndNothingElse() throws Exception {
        List<String> wrong = new ArrayList<>();
        List<String> refused = new ArrayList<>();
        int valid = 0;
        int invalid = 0;
        for (Path file : files()) {
            for (JsonNode group : JSON.readTree(file.toFile())) {
                Texts texts;
                try {
                    texts = Texts.schema(group.get("schema").toString());
                } catch (IllegalArgumentException e) {
                    assertThat(e)
                            .hasMessageContainingAll("must", "found")
                            .hasMessageMatching("(?s)(JSON Schema, #|grammar: ).*");
                    refused.add(
                            file.getFileName() + ": " + group.get("description").asText());
                    continue;
                }
                for (JsonNode one : group.get("tests")) {
                    String name =
                            file.getFileName() + ": " + one.get("description").asText();
                    boolean isValid = one.get("valid").asBoolean();
                    boolean isOneOf = file.endsWith("oneOf.json") && !isValid;
                    if (isOneOf || (isValid && isOutOfScope(name, one.get("data")))) {
                        continue;
                    }
                    valid += isValid ? 1 : 0;
                    invalid += isValid ? 0 : 1;
                    if (texts.has(one.get("data").toString()) != isValid) {
                        wrong.add(name + ": " + one);
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(valid).isGreaterThan(280);
        assertThat(invalid).isGreaterThan(350);
        assertThat(refused).hasSizeLessThan(42);
    }
}
