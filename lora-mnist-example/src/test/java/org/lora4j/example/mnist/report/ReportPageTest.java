package org.lora4j.example.mnist.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lora4j.console.report.Page;
import org.lora4j.console.report.TestResult;

class ReportPageTest {
    @Test
    void showsTheMeasuredNumbers() {
        String page = page(SampleReport.report());
        assertThat(page)
                .contains("784 → 1000 → 2000 → 10")
                .contains("2,807,010", "6,794", "0.242 %", "10.045 %")
                .contains("1000 × 784", "1 × 784", "2000 × 1")
                .contains("95.34 → 84.33 %")
                .contains("<th scope=\"row\">Accuracy in %</th><td>95.34</td><td>84.33</td><td>−11.01</td>")
                .contains(
                        "<th scope=\"row\">All</th><td>466</td><td>1,567</td><td>+1,101</td><td>466</td><td>1,567</td>")
                .contains("107 → 11")
                .contains("6,000 batches in 41.3 s, loss of the last batch 0.04210.")
                .contains("100 batches in 0.8 s, loss of the last batch 0.001230.")
                .contains("<th scope=\"row\">lr</th><td>0.001</td>")
                .contains("<th scope=\"row\">seed</th><td>7</td>")
                .contains("base.safetensors");
        for (TestResult result : List.of(SampleReport.base(), SampleReport.lora())) {
            for (int wrong : result.wrong()) {
                assertThat(page).contains(">" + wrong + "</td>");
            }
        }
        assertThat(page).doesNotContain("${", "<#", "<@");
    }

    @Test
    void ticksTheChecksThatHold() {
        assertThat(page(SampleReport.report()))
                .contains("4 of 4 checks of this run hold.")
                .contains("✓</span> linear1.weight")
                .doesNotContain("✗");
    }

    @Test
    void crossesACheckThatFails() {
        Report.Tests tests = SampleReport.report().tests();
        Report bad = SampleReport.report(
                SampleReport.settings(),
                SampleReport.training(),
                tests,
                SampleReport.checks(false),
                Map.of(),
                Map.of());
        assertThat(page(bad))
                .contains("3 of 4 checks of this run hold.")
                .contains("class=\"verdict no\"")
                .contains("✗</span> linear1.weight");
    }

    @Test
    void saysWhenTheBaseWasLoaded() {
        Report.Training training = new Report.Training(null, new Report.Phase(3, 61.4, 0.5));
        String page = page(SampleReport.report(SampleReport.settings(), training, Map.of(), Map.of()));
        assertThat(page)
                .contains("The base was not trained in this run. It was loaded from a file.")
                .contains("3 batches in 1 min 1 s, loss of the last batch 0.5000.");
    }

    @Test
    void saysWhenThereAreNoCharts() {
        assertThat(page(SampleReport.report())).contains("No charts: Java found no fonts");
    }

    @Test
    void comparesFurtherResults() {
        String page = page(SampleReport.report(
                SampleReport.settings(), SampleReport.training(), Map.of(), Map.of("4 and 9", SampleReport.lora())));
        assertThat(page)
                .contains("<th scope=\"col\">LoRA merged</th><th scope=\"col\">4 and 9</th></tr>")
                .containsPattern("<th scope=\"row\">All</th>(<td>[^<]*</td>){5}<td>1,567</td></tr>")
                .containsPattern("<th scope=\"row\">Accuracy in %</th>(<td>[^<]*</td>){5}<td>84.33</td></tr>");
    }

    /** A column for each digit would hide the last digits on a narrow screen and on paper. */
    @Test
    void hasARowForEachDigitAndMarksThoseOfTheFineTuning() {
        assertThat(page(SampleReport.report()))
                .contains("<th scope=\"col\">Digit</th><th scope=\"col\">Base</th><th scope=\"col\">LoRA on</th>"
                        + "<th scope=\"col\">Difference</th><th scope=\"col\">LoRA off</th>")
                .contains("<tr><th scope=\"row\">8</th><td>19</td><td>193</td><td>+174</td>")
                .contains("<tr class=\"highlight\"><th scope=\"row\">9</th><td>107</td><td>11</td><td>−96</td>");
    }

    @Test
    void hasColorsForADarkScreenButNotForPaper() {
        assertThat(page(SampleReport.report()))
                .contains("<meta name=\"color-scheme\" content=\"light dark\">")
                .contains("@media screen and (prefers-color-scheme: dark)");
    }

    @Test
    void escapesEveryText() {
        Map<String, @Nullable Object> settings = SampleReport.settings();
        settings.put("<b>key</b>", "<script>alert('\"&$1\\')</script>");
        String page = page(SampleReport.report(
                settings,
                SampleReport.training(),
                Map.of("<i>", "a&b.png"),
                Map.of("<u>both</u>", SampleReport.lora())));
        assertThat(page)
                .doesNotContain("<script", "<b>", "<i>", "<u>")
                .contains("&lt;b&gt;key&lt;/b&gt;")
                .contains("&lt;script&gt;alert(&#39;&quot;&amp;$1\\&#39;)&lt;/script&gt;")
                .contains("a&amp;b.png")
                .contains("&lt;u&gt;both&lt;/u&gt;");
    }

    @Test
    void doesNotFillPlaceholdersInValues() {
        Map<String, @Nullable Object> settings = SampleReport.settings();
        settings.put("note", "{{rank}}");
        assertThat(page(SampleReport.report(settings, SampleReport.training(), Map.of(), Map.of())))
                .contains("<td>{{rank}}</td>");
    }

    @Test
    void refusesATemplateWithAPlaceholderThatHasNoValue() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Page.of(ReportWriter.class, "report.ftlh", Map.of()))
                .withMessageStartingWith("report.ftlh: The following has evaluated to null or missing:")
                .withMessageContaining("report");
    }

    private static String page(Report report) {
        return ReportWriter.page(report, Map.of());
    }
}
