package org.lora4j.example.mnist.report;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.example.support.report.Page;
import org.lora4j.example.support.report.Picture;

/** The page {@code report.html}: the results of a run for readers who do not know the code, in one file. */
final class ReportPage {
    private final Report report;
    private final Map<Charts.File, Picture> charts;

    ReportPage(Report report, Map<Charts.File, Picture> charts) {
        this.report = report;
        this.charts = charts;
    }

    String html() {
        Map<String, Picture> pictures = new LinkedHashMap<>();
        charts.forEach((chart, picture) -> pictures.put(chart.key(), picture));
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        values.put("report", report);
        values.put("digits", report.digits());
        values.put("digitWords", DigitWords.of(report.digits()));
        values.put("perRow", report.results().containsKey(Report.PER_ROW) ? Report.PER_ROW : null);
        values.put("charts", pictures);
        return Page.of(ReportPage.class, "report.ftlh", values);
    }
}
