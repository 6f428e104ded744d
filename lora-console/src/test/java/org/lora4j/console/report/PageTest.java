package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PageTest {
    static Map<String, @Nullable Object> values() {
        Map<String, @Nullable Object> settings = new LinkedHashMap<>();
        settings.put("rank", 4);
        settings.put("data", null);
        Map<String, @Nullable Object> values = new HashMap<>();
        values.put("title", "A <b> & more");
        values.put("report", TestResult.of(new int[][] {{3, 1}, {0, 4}}));
        values.put("picture", new Picture("Loss", new Drawing(900, "QUJD"), new Drawing(332, "REVG")));
        values.put("checks", Map.of("linear1", true, "linear2", false));
        values.put("settings", settings);
        values.put("files", Map.of("page", "report.html"));
        return values;
    }

    @Test
    void hasThePartsAndEscapesValues() {
        String page = Page.of(PageTest.class, "sample.ftlh", values());
        assertThat(page)
                .startsWith("<!DOCTYPE html>")
                .contains("<title>A &lt;b&gt; &amp; more</title>", "<h1>A &lt;b&gt; &amp; more</h1>")
                .contains("<strong>87.50 %</strong><span>right</span>")
                .contains("<img width=\"900\" alt=\"Loss\" src=\"data:image/png;base64,QUJD\">")
                .contains("<figure style=\"--narrow: 332px\">", " srcset=\"data:image/png;base64,REVG\">")
                .contains("<p class=\"verdict yes\">It holds.</p>")
                .contains("<li class=\"no\"><span class=\"mark\">✗</span> linear2")
                .contains("No charts: Java found no fonts on this machine.")
                .contains("<th scope=\"row\">rank</th><td>4</td>", "<th scope=\"row\">data</th><td>–</td>")
                .contains("color-scheme", "Written by the sample of LoRA for the JVM.")
                .doesNotContain("<@parts", "${");
    }

    @Test
    void refusesATemplateWhoseValueIsMissing() {
        Map<String, @Nullable Object> values = values();
        values.remove("title");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Page.of(PageTest.class, "sample.ftlh", values))
                .withMessageStartingWith("sample.ftlh: ")
                .withMessageContaining("title");
    }

    @Test
    void refusesATemplateThatDoesNotExist() {
        assertThatThrownBy(() -> Page.of(PageTest.class, "nothing.ftlh", Map.of()))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("nothing.ftlh");
    }
}
