package org.lora4j.text.chat.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The interpreter beside Jinja 3.1: {@code src/build/golden/jinja_cases.py} wrote the texts. */
class JinjaTemplateTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Clock CLOCK =
            Clock.fixed(LocalDateTime.of(2026, 3, 7, 15, 4, 5).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);

    private static @Nullable String render(String source, Map<String, Object> values) {
        try {
            return JinjaTemplate.parse(source).render(values, CLOCK).text();
        } catch (JinjaException e) {
            return null;
        }
    }

    private static String render(String source) {
        return JinjaTemplate.parse(source).render(Map.of()).text();
    }

    @Test
    void writesWhatJinjaWrites() throws IOException {
        try (InputStream in = Objects.requireNonNull(getClass().getResourceAsStream("/jinja/cases.json"))) {
            JsonNode file = MAPPER.readTree(in);
            Map<String, Object> values =
                    MAPPER.convertValue(file.get("values"), new TypeReference<LinkedHashMap<String, Object>>() {});
            assertThat(file.get("cases")).hasSizeGreaterThan(3000);
            List<String> different = new ArrayList<>();
            for (JsonNode one : file.get("cases")) {
                String text = render(one.get(0).textValue(), values);
                if (!Objects.equals(text, one.get(1).textValue())) {
                    different.add(one.get(0) + "\n expected " + one.get(1) + "\n found    " + text);
                }
            }
            assertThat(different).isEmpty();
        }
    }

    /** What Jinja knows and this interpreter does not: it is refused by its name, and never computed in another way. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '§',
            quoteCharacter = '`',
            value = {
                "{{ 'a' | escape }} § escape",
                "{{ [1] | random }} § random",
                "{{ 'a' | urlize }} § urlize",
                "{{ [1] | groupby('a') }} § groupby",
                "{{ '%*d' | format(3, 1) }} § a field of a format",
                "{{ '%.2000f' | format(1) }} § precision",
                "{{ ('%s' | safe) | format(1) }} § marked as safe",
                "{{ 1 is escaped }} § escaped",
                "{{ '{}'.format(1) }} § 'format'",
                "{{ 'a'.encode() }} § 'encode'",
                "{{ 'a'.casefold() }} § 'casefold'",
                "{{ 1 .bit_length() }} § 'bit_length'",
                "{{ [1].copy() }} § 'copy'",
                "{{ {}.fromkeys([]) }} § 'fromkeys'",
                "{{ (-8) ** 0.5 }} § complex",
                "{{ range(3) }} § a range",
                "{{ [1] | map('string') }} § use list",
                "{{ 'a'.upper }} § a function",
                "{{ {}.keys() == {}.keys() }} § the keys of a map",
                "{{ ('a' | safe).upper() }} § 'upper'",
                "{{ ('a' | safe) | upper }} § marked as safe",
                "{{ 1 is sameas 1 }} § sameas",
                "{{ lipsum() }} § lipsum",
                "{{ joiner() }} § joiner",
                "{{ cycler(1) }} § cycler",
                "{% block a %}{% endblock %} § block",
                "{% for x in [] recursive %}{% endfor %} § recursive",
                "{% autoescape true %}{% endautoescape %} § autoescape",
                "{{ strftime_now('%s') }} § %s",
                "{{ 'a' | trim(chars='a', more=1) }} § 'more'",
                "{{ 'a' | tojson(default=1) }} § 'default'",
                "{{ 'a b'.split(' ', limit=1) }} § 'limit'",
                "{{ 'ab'.replace('a', 'b', 1, 2) }} § replace",
                "{{ [1] | sort(key='a') }} § 'key'",
                "{{ {'a': 1}.get('a', default=2) }} § 'default'"
            })
    void refusesByNameWhatItDoesNotKnow(String source, String name) {
        assertThatExceptionOfType(JinjaException.class)
                .isThrownBy(() -> render(source))
                .withMessageContaining(name);
    }

    /** Python's JSON writes no generators, so Jinja2 and transformers fail there too. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "['a'] | map('upper')",
                "['a'] | select",
                "['a'] | reject",
                "[{'a': 1}] | selectattr('a')",
                "[{'a': 1}] | rejectattr('a')",
                "['a', 'b'] | batch(2)",
                "['a', 'a'] | unique",
                "['a', 'b'] | reverse",
                "{'a': 1} | items"
            })
    void whatIsComputedLaterIsNoJsonBeforeItIsAList(String value) {
        assertThatExceptionOfType(JinjaException.class)
                .isThrownBy(() -> render("{{ " + value + " | tojson }}"))
                .withMessageContaining("tojson: must be a text, a number, a boolean, none, a list or a map");
        assertThat(render("{{ " + value + " | list | tojson }}"))
                .startsWith("[")
                .endsWith("]");
    }

    @Test
    void takesStructuredValues() {
        Map<String, Object> call = new LinkedHashMap<>();
        call.put("whole", new BigInteger("123456789012345678901234567890"));
        call.put("real", new BigDecimal("0.5"));
        call.put("single", 0.25f);
        call.put("small", (short) 3);
        call.put("list", Arrays.asList(1, null, List.of(Map.of("k", true))));
        call.put("none", null);
        assertThat(JinjaTemplate.parse(
                                "{{ call | tojson }} {{ call.list[2][0].k }} {{ call.whole + 1 }} {{ call.none is none }}")
                        .render(Map.of("call", call))
                        .text())
                .isEqualTo(
                        "{\"whole\": 123456789012345678901234567890, \"real\": 0.5, \"single\": 0.25, \"small\": 3,"
                                + " \"list\": [1, null, [{\"k\": true}]], \"none\": null} True 123456789012345678901234567891 True");
        assertThatExceptionOfType(JinjaException.class)
                .isThrownBy(() -> JinjaTemplate.parse("").render(Map.of("x", new Object())))
                .withMessageContaining("a template takes texts, numbers, booleans, lists and maps, found");
    }

    /** The marks count what Java counts, also where a template marks no text. */
    @Test
    void marksWhatIsGenerated() {
        JinjaTemplate template = JinjaTemplate.parse(
                "😀{% for x in [1, '', 'b'] %}{% generation %}{{ x }}{% endgeneration %}-{% endfor %}");
        JinjaTemplate.Rendered rendered = template.render(Map.of());
        assertThat(template.marksGeneration()).isTrue();
        assertThat(rendered.text()).isEqualTo("😀1--b-");
        assertThat(rendered.generated()).containsExactly(new int[] {2, 3}, new int[] {4, 4}, new int[] {5, 6});
        assertThat(rendered.lostMark()).isFalse();
        assertThat(JinjaTemplate.parse("{% set x %}{% generation %}a{% endgeneration %}{% endset %}{{ x }}")
                        .render(Map.of())
                        .lostMark())
                .isTrue();
        assertThat(JinjaTemplate.parse("{{ endgeneration }}").marksGeneration()).isFalse();
    }
}
